import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatJobId, parseJobId } from "../src/job-id.ts";

const times = fc.integer({ min: 0, max: 0xff_ffff_ffff });
const seqs = fc.integer({ min: 1, max: 2 ** 47 });

describe("R2: job ids", () => {
  it("are creation time and row number", () => {
    expect(formatJobId(Date.UTC(2026, 0, 1), 255)).toBe("019b76daa800-0000000000ff".slice(1));
  });

  it("can be read back", () => {
    fc.assert(
      fc.property(times, seqs, (createdAtMs, seq) => {
        expect(parseJobId(formatJobId(createdAtMs, seq))).toEqual({ createdAtMs, seq });
      }),
    );
  });

  it("sort by time of creation, then by number", () => {
    fc.assert(
      fc.property(times, times, seqs, (a, b, seq) => {
        const [first, second] = [formatJobId(Math.min(a, b), seq), formatJobId(Math.max(a, b), seq + 1)];
        expect(first < second).toBe(true);
      }),
    );
  });

  it.each([
    "",
    "nobody",
    "19b76daa800-1",
    "19B76DAA800-000000000001",
    "19b76daa800-000000000001 ",
    "-",
    "x".repeat(25),
  ])("%j is none", (text) => {
    expect(parseJobId(text)).toBeNull();
  });

  it("are read from no other text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from("0123456789abcdef-G ")), maxLength: 30 }),
        (text) => {
          const parsed = parseJobId(text);
          expect(parsed === null ? text : formatJobId(parsed.createdAtMs, parsed.seq)).toBe(text);
        },
      ),
    );
  });
});
