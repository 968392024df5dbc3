import { expect, it } from "vitest";
import { seededRandom } from "../../src/simulation/seeded-random.ts";

function take(count: number, random: () => number): number[] {
  return Array.from({ length: count }, random);
}

it("the same seed gives the same sequence", () => {
  expect(take(100, seededRandom(42))).toEqual(take(100, seededRandom(42)));
});

it("another seed gives another sequence", () => {
  expect(take(10, seededRandom(1))).not.toEqual(take(10, seededRandom(2)));
});

it("gives numbers in [0, 1) that spread evenly over it", () => {
  const numbers = take(10_000, seededRandom(7));
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => numbers.filter((n) => Math.floor(n * 10) === tenth).length,
  );
  expect(tenths.reduce((sum, count) => sum + count)).toBe(10_000);
  for (const count of tenths) expect(count).toBeGreaterThan(850);
});
