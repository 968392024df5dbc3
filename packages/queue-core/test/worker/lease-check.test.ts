import { describe, expect, it } from "vitest";
import { checkLeases } from "../../src/worker/lease-check.ts";

const run = (id: string, leaseToken: number) => ({ job: { id, leaseToken } });
const held = (id: string, leaseToken: number) => ({ id, leaseToken, cancelRequested: false });

describe("comparing what runs with what the store says", () => {
  it("finds nothing amiss where both agree", () => {
    expect(checkLeases([run("a", 1), run("b", 2)], [held("b", 2), held("a", 1)], 2)).toEqual({
      lost: [],
      unknown: [],
    });
  });

  it("calls a run lost that the store does not know, or knows under another token", () => {
    const check = checkLeases([run("a", 1), run("b", 2)], [held("b", 3)], 3);
    expect(check.lost).toEqual([run("a", 1), run("b", 2)]);
    expect(check.unknown).toEqual([held("b", 3)]);
  });

  it("leaves alone a run that was claimed after the store was asked", () => {
    expect(checkLeases([run("a", 5)], [], 4).lost).toEqual([]);
    expect(checkLeases([run("a", 5)], [], 5).lost).toEqual([run("a", 5)]);
  });

  it("tells two runs of one job apart", () => {
    const check = checkLeases([run("a", 1), run("a", 2)], [held("a", 2)], 2);
    expect(check).toEqual({ lost: [run("a", 1)], unknown: [] });
  });
});
