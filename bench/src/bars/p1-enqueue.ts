import { join } from "node:path";
import { type BarResult, type Bench, sized, toResult, warmUpNote, warmUpOf } from "../bar.ts";
import { peerContestants } from "../peers/contestants.ts";
import { inRounds, runsOf } from "../rounds.ts";
import { runProgram } from "../run-program.ts";
import { atLeast } from "../statistics.ts";

type Speed = { readonly perSecond: number };

/** What differs between the bars that add jobs. */
interface Adding {
  readonly id: "P1" | "P2" | "P8";
  readonly title: string;
  readonly mode: "one" | "bulk" | "callers";
  readonly rawMode: "one" | "bulk" | "full";
  readonly warmUp: number;
  readonly count: number;
  readonly bar: number;
}

async function measureAdding(bench: Bench, adding: Adding): Promise<BarResult> {
  const { id, title, mode, rawMode, warmUp, count, bar } = adding;
  const run = async (program: string, programMode: string): Promise<number> => {
    const path = join(bench.folder(), "bench.db");
    return (await runProgram<Speed>(program, { path, warmUp, count, mode: programMode })).perSecond;
  };
  const others = mode === "callers" ? {} : await peerContestants(bench, { mode, warmUp, count });
  const runs = await inRounds(bench, {
    raw: () => run("raw", rawMode),
    holdfast: () => run("holdfast-enqueue", mode),
    ...others,
  });
  const part = atLeast("enqueue", runsOf(runs, "holdfast"), "raw", runsOf(runs, "raw"), bar);
  const notes = [warmUpNote(warmUp), "the other queues add for 2 s before, and then for 4 s, at most"];
  return toResult({ id, title, runs, parts: [part], notes: mode === "callers" ? notes.slice(0, 1) : notes });
}

/** One validated job at a time, NORMAL, against one raw insert at a time. */
export function measureEnqueue(bench: Bench): Promise<BarResult> {
  const count = sized(bench, { full: 20_000, quick: 5_000, tiny: 200 });
  return measureAdding(bench, {
    id: "P1",
    title: "enqueue one",
    mode: "one",
    rawMode: "one",
    warmUp: 2 * warmUpOf(bench),
    count,
    bar: 0.8,
  });
}

/** A thousand jobs per transaction, against raw inserts in transactions of a thousand. */
export function measureBulk(bench: Bench): Promise<BarResult> {
  const count = sized(bench, { full: 100_000, quick: 20_000, tiny: 1_000 });
  return measureAdding(bench, {
    id: "P2",
    title: "enqueue by 1,000",
    mode: "bulk",
    rawMode: "bulk",
    warmUp: 5 * warmUpOf(bench),
    count,
    bar: 0.7,
  });
}

/** A hundred callers at once under FULL, against raw FULL inserts one after the other. */
export function measureFull(bench: Bench): Promise<BarResult> {
  const count = sized(bench, { full: 20_000, quick: 5_000, tiny: 200 });
  const title = "enqueue under FULL, 100 callers";
  const warmUp = 2 * warmUpOf(bench);
  return measureAdding(bench, { id: "P8", title, mode: "callers", rawMode: "full", warmUp, count, bar: 5 });
}
