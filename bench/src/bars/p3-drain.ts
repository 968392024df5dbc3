import { join } from "node:path";
import { type BarResult, type Bench, sized, toResult, warmUpNote, warmUpOf } from "../bar.ts";
import { drain } from "../holdfast/drain.ts";
import { addFifo, addMixed } from "../holdfast/prepare.ts";
import { peerContestants } from "../peers/contestants.ts";
import { inRounds, runsOf } from "../rounds.ts";
import { runProgram } from "../run-program.ts";
import { atLeast } from "../statistics.ts";

type Speed = { readonly perSecond: number };

/** First-in first-out through the whole worker, against raw batches of 100 and against the other queues. */
export async function measureFifo(bench: Bench): Promise<BarResult> {
  const count = sized(bench, { full: 20_000, quick: 5_000, tiny: 500 });
  const warmUp = warmUpOf(bench);
  const path = (): string => join(bench.folder(), "bench.db");
  const raw = (batch: number) => async () =>
    (await runProgram<Speed>("raw", { path: path(), warmUp, count, mode: "fifo", batch })).perSecond;
  const others = await peerContestants(bench, { mode: "drain", warmUp, count });
  const runs = await inRounds(bench, {
    "raw batch 1": raw(1),
    "raw batch 10": raw(10),
    "raw batch 100": raw(100),
    holdfast: async () => {
      const file = path();
      await addFifo(file, warmUp + count);
      return (await drain(file, count, { warmUp })).perSecond;
    },
    "holdfast from its start": async () => {
      const file = path();
      await addFifo(file, count);
      return (await drain(file, count)).perSecond;
    },
    ...others,
  });
  const ours = runsOf(runs, "holdfast");
  const parts = [atLeast("drain", ours, "raw batch 100", runsOf(runs, "raw batch 100"), 0.5)];
  for (const [peer, bar] of [["plainjob", 5] as const, ["graphile-worker", 2] as const]) {
    if (peer in runs) parts.push(atLeast("drain", ours, peer, runsOf(runs, peer), bar));
  }
  const notes = [warmUpNote(warmUp), ...bench.peers.skipped];
  return toResult({ id: "P3", title: "drain, first-in first-out", runs, parts, notes });
}

/** 8 types, 10 priorities, due in random order, against the same in one raw table. */
export async function measureMixed(bench: Bench): Promise<BarResult> {
  const count = sized(bench, { full: 20_000, quick: 5_000, tiny: 500 });
  const warmUp = warmUpOf(bench);
  const path = (): string => join(bench.folder(), "bench.db");
  const runs = await inRounds(bench, {
    "raw single table": async () =>
      (await runProgram<Speed>("raw", { path: path(), warmUp, count, mode: "mixed" })).perSecond,
    holdfast: async () => {
      const file = path();
      await addMixed(file, warmUp + count);
      return (await drain(file, count, { warmUp })).perSecond;
    },
  });
  const part = atLeast(
    "drain",
    runsOf(runs, "holdfast"),
    "raw single table",
    runsOf(runs, "raw single table"),
    2,
  );
  return toResult({
    id: "P4",
    title: "drain, types and priorities mixed",
    runs,
    parts: [part],
    notes: [warmUpNote(warmUp)],
  });
}
