import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkJson } from "../../src/edge/check-json.ts";

const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

describe("checkJson", () => {
  it.each([
    ['{"a":1,"a":2}', "twice"],
    ['{"a":1,"\\u0061":2}', "twice"],
    ['{"x":[{"b":{},"c":":","b":1}]}', "twice"],
    ['{"a":"b","b" :1,"a"\n:2}', "twice"],
    ['{"__proto__":{}}', "__proto__"],
    ['{"\\u005f_proto__":{}}', "__proto__"],
    ['["\\u0000"]', "NUL"],
    ['{"\\u0000":1}', "NUL"],
    ['"\\ud800"', "surrogate"],
    ['["\\udc00\\ud800"]', "surrogate"],
    [nested(21), "nested"],
    ['{"a":'.repeat(21) + "1" + "}".repeat(21), "nested"],
  ])("refuses %s", (text, reason) => {
    expect(() => checkJson(text)).toThrow(reason);
  });

  it.each([
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
    '{"a":"a","b":"a: {","c":"\\"a\\":"}',
    '["\\ud83d\\udca9", "\\\\u0000", "💩"]',
    nested(20),
    "5",
    '""',
    " null ",
  ])("lets %s pass", (text) => {
    expect(() => checkJson(text)).not.toThrow("");
  });

  it("lets pass whatever JSON.stringify writes of well-formed text without NUL", () => {
    const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 5 }, text, fc.double(), fc.boolean(), tie("list"), tie("map")),
      list: fc.array(tie("any"), { maxLength: 4 }),
      map: fc.dictionary(
        text.filter((key) => key !== "__proto__"),
        tie("any"),
        { maxKeys: 4 },
      ),
    })).any;
    fc.assert(
      fc.property(value, (any) => {
        expect(checkJson(JSON.stringify(any))).toBeUndefined();
      }),
    );
  });

  it("finds a key that stands twice wherever it stands", () => {
    const key = fc
      .string()
      .filter((name) => name !== "__proto__" && !name.includes("\0") && name.isWellFormed());
    fc.assert(
      fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 6 }), fc.nat(), (keys, pick) => {
        const members = [...keys, keys[pick % keys.length]].map((name) => `${JSON.stringify(name)}: 1`);
        expect(() => checkJson(`{"outer": {${members.join(" , ")}}}`)).toThrow("twice");
      }),
    );
  });

  it("takes time in proportion to the text, also for escapes and brackets by the hundred thousand", () => {
    for (const text of [
      `"${'\\"'.repeat(128_000)}"`,
      `["${"\\\\".repeat(120_000)}"]`,
      `[${"[],".repeat(80_000)}1]`,
    ]) {
      JSON.parse(text);
      expect(() => checkJson(text)).not.toThrow("");
    }
  });
});
