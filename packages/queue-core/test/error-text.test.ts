import { describe, expect, it } from "vitest";
import { describeError, MAX_ERROR_LENGTH } from "../src/error-text.ts";

function throwing(property: "name" | "message"): Error {
  return Object.defineProperty(new Error("hidden"), property, {
    get() {
      throw new Error("no entry");
    },
  });
}

describe("describeError", () => {
  it.each([
    [new TypeError("no luck"), "TypeError: no luck"],
    [new Error(""), "Error"],
    [Object.assign(new Error("x"), { name: "" }), "Error: x"],
    [null, "Thrown object: null"],
    [undefined, "Thrown undefined: undefined"],
    ["just text", "Thrown string: just text"],
    [42n, "Thrown bigint: 42"],
    [Symbol("s"), "Thrown symbol: Symbol(s)"],
    [{ code: 7 }, 'Thrown object: {"code":7}'],
  ])("describes what was thrown: %s", (thrown, text) => {
    expect(describeError(thrown)).toBe(text);
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  it.each([
    ["a message that throws", throwing("message")],
    ["a name that throws", throwing("name")],
    ["a cycle", cycle],
    [
      "a toString that throws",
      Object.create(null, {
        toJSON: {
          get: () => {
            throw new Error("no");
          },
        },
      }),
    ],
  ])("survives %s", (_, thrown) => {
    expect(describeError(thrown)).toMatch(/\w/);
  });

  it("cuts a message of 10 MB and says how much is gone", () => {
    const text = describeError(new Error("x".repeat(10_000_000)));
    expect(text.length).toBeLessThan(MAX_ERROR_LENGTH + 100);
    expect(text).toMatch(/^Error: xxx.*… \(9934471 more characters\)$/);
  });

  it("holds nothing that a database cannot store: no NUL, no half of a surrogate pair", () => {
    expect(describeError("a\u0000b\ud800c")).toBe("Thrown string: a\ufffdb\ufffdc");
    // The cut falls into the middle of a pair, whichever way the message begins.
    for (const start of ["", "x"]) {
      const text = describeError(start + "😀".repeat(MAX_ERROR_LENGTH));
      expect(text.isWellFormed()).toBe(true);
    }
  });
});
