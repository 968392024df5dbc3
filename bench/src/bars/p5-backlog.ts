import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type BarResult,
  type Bench,
  type Part,
  type Runs,
  sized,
  toResult,
  warmUpNote,
  warmUpOf,
} from "../bar.ts";
import { drain } from "../holdfast/drain.ts";
import { HELD_TYPE, TYPES } from "../holdfast/jobs.ts";
import { openQueue } from "../holdfast/open.ts";
import { addBacklog, addMixed, type Backlog } from "../holdfast/prepare.ts";
import { inRounds, runsOf } from "../rounds.ts";
import { atLeast } from "../statistics.ts";
import { measureRetention } from "./p5-retention.ts";

const KINDS: readonly Backlog[] = ["pending", "completed", "scheduled", "waiting", "paused", "rate-limited"];

/** P4's mixture with few, more and very many rows beside it. Each file is filled once; every round drains in a copy. */
export async function measureBacklog(bench: Bench): Promise<BarResult> {
  const count = sized(bench, { full: 20_000, quick: 5_000, tiny: 500 });
  const warmUp = warmUpOf(bench);
  const few = sized(bench, { full: 10_000, quick: 1_000, tiny: 100 });
  const more = sized(bench, { full: 100_000, quick: 10_000, tiny: 300 });
  const many = sized(bench, { full: 1_000_000, quick: 50_000, tiny: 1_000 });
  const parts: Part[] = [];
  const all: Record<string, Runs[string]> = {};
  for (const kind of KINDS) {
    const contestants: Record<string, () => Promise<number>> = {};
    for (const rows of [few, more, many]) {
      const filled = await fill(bench, kind, rows);
      contestants[nameOf(rows, kind)] = () => addAndDrain(bench, filled, kind, { warmUp, count });
    }
    const runs = await inRounds(bench, contestants);
    Object.assign(all, runs);
    const [small, large] = [nameOf(few, kind), nameOf(many, kind)];
    parts.push(atLeast(`beside ${large}`, runsOf(runs, large), small, runsOf(runs, small), 0.6));
  }
  const notes = [
    warmUpNote(warmUp),
    "paused, rate-limited (one a day): a type of its own at top priority, which the workers ask for",
    "rows were added through the store, completed ones by a real drain",
    await measureRetention(bench),
  ];
  return toResult({ id: "P5", title: "drain beside a backlog", runs: all, parts, notes });
}

/** As the chart reads it: `10,000 pending`. */
const nameOf = (rows: number, kind: Backlog): string => `${rows.toLocaleString("en")} ${kind}`;

async function fill(bench: Bench, kind: Backlog, rows: number): Promise<string> {
  const path = join(bench.folder(), "bench.db");
  bench.say(`  adding ${rows.toLocaleString("en")} ${kind} rows`);
  await addBacklog(path, kind, rows);
  if (kind === "completed") await drain(path, rows);
  // Whoever closes it last and may write empties its log into it: a copy of the one file is whole then.
  await (await openQueue(path)).store.close();
  if (existsSync(`${path}-wal`)) throw new Error(`${path} has a log still: a copy of it would lack rows`);
  return path;
}

async function addAndDrain(
  bench: Bench,
  filled: string,
  kind: Backlog,
  { warmUp, count }: { readonly warmUp: number; readonly count: number },
): Promise<number> {
  const folder = bench.folder();
  const path = join(folder, "bench.db");
  const isHeld = kind === "paused" || kind === "rate-limited";
  const types = isHeld ? [...TYPES, HELD_TYPE] : TYPES;
  try {
    // A copy, as what was drained would lie beside the next round.
    copyFileSync(filled, path);
    await addMixed(path, warmUp + count);
    return (await drain(path, count, { warmUp, types })).perSecond;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
