import { describe, expect, it } from "vitest";
import { HangWatch } from "../../src/sqlite/hang-watch.ts";

const BEAT_MS = 100;
const run = (id: string, type: string) => ({
  id,
  leaseToken: 1,
  type,
  attempts: 0,
  maxAttempts: 5,
  cancelRequested: false,
});
const long = run("a", "long");
const short = run("b", "short");

/** Beats again and again; returns the ids that were found overdue, beat by beat. */
function beats(
  watch: HangWatch,
  count: number,
  { held = [long, short], everyMs = BEAT_MS, startMs = 0, answering = false } = {},
): readonly string[][] {
  return Array.from({ length: count }, (_, n) => {
    const overdue = watch.overdue(held, startMs + n * everyMs);
    if (answering) watch.answer();
    return overdue.map(({ id }) => id);
  });
}

describe("a watch over a main thread", () => {
  const create = (): HangWatch => new HangWatch({ long: 1_000, short: 150 }, BEAT_MS);

  it("finds the runs past their time once three beats went unanswered, each when its own time is over", () => {
    expect(beats(create(), 13)).toEqual([
      ...Array.from({ length: 3 }, () => []),
      ...Array.from({ length: 8 }, () => ["b"]),
      ...Array.from({ length: 2 }, () => ["a", "b"]),
    ]);
  });

  it("finds none while the main thread answers: its own timers end them", () => {
    expect(beats(create(), 20, { answering: true }).flat()).toEqual([]);
  });

  it("begins to count anew when an answer comes", () => {
    const watch = create();
    beats(watch, 5);
    expect(watch.isSilent).toBe(true);
    watch.answer();
    expect(watch.isSilent).toBe(false);
    expect(beats(watch, 4, { startMs: 500 })).toEqual([[], [], [], ["b"]]);
  });

  it("counts a beat for one interval at most: a process that was stopped for an hour finds nothing", () => {
    expect(beats(create(), 5, { held: [long], everyMs: 3_600_000 }).flat()).toEqual([]);
  });

  it("counts a run from the beat that first sees it, and another claim of the same job from zero", () => {
    const watch = create();
    beats(watch, 12, { held: [long] });
    expect(watch.overdue([long, short], 1_200)).toEqual([long]);
    expect(watch.overdue([{ ...long, leaseToken: 2 }, short], 1_300)).toEqual([]);
  });

  it("never ends a run of a type whose time it does not know", () => {
    expect(beats(create(), 50, { held: [run("c", "unheard_of")] }).flat()).toEqual([]);
  });
});
