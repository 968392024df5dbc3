import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { PayloadInvalidError } from "../src/errors.ts";
import {
  copyIfFlat,
  MAX_PAYLOAD_DEPTH,
  MAX_PAYLOAD_LENGTH,
  parsePayload,
  serializePayload,
} from "../src/payload.ts";

const order = z.object({
  items: z.array(z.object({ quantity: z.number().int() })),
  note: z.string().default("-"),
});

describe("parsePayload", () => {
  it("gives the schema's output", () => {
    expect(parsePayload("order", order, { items: [] })).toEqual({ items: [], note: "-" });
  });

  it("names each field that is wrong by its path", () => {
    const parse = (): unknown =>
      parsePayload("order", order, { items: [{ quantity: 1 }, { quantity: "2" }], note: 3 });
    expect(parse).toThrow(
      expect.objectContaining({
        code: "PAYLOAD_INVALID",
        type: "order",
        issues: [
          { field: "items.1.quantity", message: expect.any(String) },
          { field: "note", message: expect.any(String) },
        ],
      }),
    );
    expect(parse).toThrow(/"order" is invalid: items\.1\.quantity: .+; note: /);
  });

  it("names no field where the whole value is wrong", () => {
    expect(() => parsePayload("order", order, null)).toThrow(
      expect.objectContaining({ issues: [{ field: "", message: expect.any(String) }] }),
    );
  });

  it("refuses a schema that validates asynchronously", () => {
    const slow = z.string().refine(async () => true);
    expect(() => parsePayload("order", slow, "x")).toThrow(PayloadInvalidError);
  });

  it("refuses it, too, if its promise is of another realm", () => {
    const foreign: unknown = runInNewContext("Promise.resolve({ value: 'x' })");
    const slow = { "~standard": { version: 1, vendor: "test", validate: () => foreign } };
    expect(() => parsePayload("order", slow as never, "x")).toThrow(/validates asynchronously/);
  });
});

describe("serializePayload", () => {
  it("keeps every JSON value as it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // JSON itself knows no negative zero.
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(serializePayload("any", value))).toEqual(plain);
      }),
    );
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  const nested = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
  it.each([
    ["a cycle", cycle],
    ["a BigInt", { n: 1n }],
    ["200,000 levels", nested(200_000)],
    ["one level too many", nested(MAX_PAYLOAD_DEPTH + 1)],
    ["one level too many behind other brackets", ['"]]', [], {}, nested(MAX_PAYLOAD_DEPTH)]],
    ["undefined", undefined],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["more than a megabyte", "x".repeat(MAX_PAYLOAD_LENGTH)],
    ["a NUL character", { text: "a\u0000b" }],
    ["a NUL character in a key", { "a\u0000b": 1 }],
    ["half a surrogate pair at the end", ["\ud83d"]],
    ["half a surrogate pair at the start", ["\ude00x"]],
    ["a NUL character behind a backslash", ["\\\u0000"]],
  ])("refuses %s", (_, value) => {
    expect(() => serializePayload("any", value)).toThrow(
      expect.objectContaining({ code: "PAYLOAD_INVALID" }),
    );
  });

  it.each([
    ["a whole surrogate pair", "😀"],
    ["the text of an escape", "\\u0000 and \\\\ud800"],
    ["control characters but NUL", "\u0001\u001f\u007f"],
    ["exactly a megabyte", "x".repeat(MAX_PAYLOAD_LENGTH - 2)],
    ["null", null],
    ["as many levels as may be", nested(MAX_PAYLOAD_DEPTH)],
    [
      "more brackets than there may be levels, in texts and side by side",
      ['[[\\"', ...Array(2_000).fill(["{["])],
    ],
  ])("takes %s", (_, value) => {
    expect(JSON.parse(serializePayload("any", value))).toEqual(value);
  });

  it("refuses exactly the strings that hold NUL or half a surrogate pair", () => {
    const units = fc.array(fc.constantFrom(0, 0x5c, 0x75, 0x30, 0x64, 0x38, 0xd800, 0xdc00, 0x41), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes);
        const storable = text.isWellFormed() && !text.includes("\u0000");
        let taken = true;
        try {
          serializePayload("any", [text]);
        } catch {
          // Only this one error is thrown here, as the tests above show.
          taken = false;
        }
        expect(taken).toBe(storable);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("copyIfFlat", () => {
  it("gives what the JSON of a flat object reads as, or nothing", () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
    );
    const value = fc.oneof(fc.dictionary(fc.string(), leaf), fc.dictionary(fc.string(), fc.jsonValue()));
    let copied = 0;
    fc.assert(
      fc.property(value, (payload) => {
        const copy = copyIfFlat(payload);
        if (copy === undefined) return;
        copied += 1;
        expect(copy).not.toBe(payload);
        expect(copy).toStrictEqual(JSON.parse(JSON.stringify(payload)));
        expect(JSON.stringify(copy)).toBe(JSON.stringify(payload));
      }),
      { numRuns: 2_000 },
    );
    expect(copied).toBeGreaterThan(200);
  });

  it("copies the usual payload", () => {
    const payload = { n: 1, to: "ada@example.com", urgent: false, note: null };
    expect(copyIfFlat(payload)).toStrictEqual(payload);
  });

  it.each([
    ["nothing", undefined],
    ["a text", "text"],
    ["null", null],
    ["a list", [1]],
    ["an object in it", { a: {} }],
    ["a list in it", { a: [] }],
    ["a date in it", { a: new Date(0) }],
    ["a date", new Date(0)],
    ["what JSON leaves out", { a: undefined }],
    ["a negative zero", { a: -0 }],
    ["no number", { a: Number.NaN }],
    ["infinity", { a: Number.POSITIVE_INFINITY }],
    ["its own way to become JSON", { a: 1, toJSON: () => 2 }],
    ["a symbol for a name", { [Symbol("s")]: 1 }],
    [
      "a class",
      new (class Money {
        readonly amount = 1;
        toJSON = (): string => "1 EUR";
      })(),
    ],
    ["no prototype", Object.create(null)],
  ])("leaves %s to the parser", (_, value) => {
    expect(copyIfFlat(value)).toBeUndefined();
  });
});
