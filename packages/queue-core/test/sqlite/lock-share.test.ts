import { describe, expect, it } from "vitest";
import { LockShare } from "../../src/sqlite/lock-share.ts";
import { FakeClock } from "../../src/testing/index.ts";

function openShare(random = 0.5): { readonly clock: FakeClock; readonly share: LockShare } {
  const clock = new FakeClock();
  return { clock, share: new LockShare(clock, () => random) };
}

describe("the share of the write lock", () => {
  it("is all of it while nobody else writes", () => {
    const { clock, share } = openShare();
    for (let n = 0; n < 100; n += 1) {
      expect(share.restMs()).toBe(0);
      clock.advance(50);
    }
  });

  it.each([
    [0, 10, 4],
    [0.5, 17.5, 5],
    [1, 25, 6],
  ])(
    "with others, at the chance %s, is a slice of %s ms and a rest of %s ms, again and again",
    (chance, slice, rest) => {
      const { clock, share } = openShare(chance);
      share.metOthers();
      for (let n = 0; n < 3; n += 1) {
        clock.advance(slice - 0.1);
        expect(share.restMs()).toBe(0);
        clock.advance(0.1);
        expect(share.restMs()).toBe(rest);
        clock.advance(rest);
        expect(share.restMs()).toBe(0);
        share.metOthers();
      }
    },
  );

  it("costs no rest who wrote nothing for as long", () => {
    const { clock, share } = openShare();
    share.metOthers();
    clock.advance(17.5 + 6);
    expect(share.restMs()).toBe(0);
    clock.advance(17.5);
    expect(share.restMs()).toBe(5);
  });

  it("is all of it again a second after the others were last met", () => {
    const { clock, share } = openShare();
    share.metOthers();
    const isResting: boolean[] = [];
    for (let ms = 0; ms <= 1_100; ms += 1) {
      isResting.push(share.restMs() > 0);
      clock.advance(1);
    }
    expect(isResting.lastIndexOf(true)).toBeGreaterThan(950);
    expect(isResting.lastIndexOf(true)).toBeLessThanOrEqual(1_000);
  });
});
