import { statSync } from "node:fs";
import { join } from "node:path";
import { type BarResult, type Bench, sized, toResult } from "../bar.ts";
import { drain } from "../holdfast/drain.ts";
import { openQueue } from "../holdfast/open.ts";
import { addFifo } from "../holdfast/prepare.ts";
import { inRounds, runsOf } from "../rounds.ts";
import { median, within } from "../statistics.ts";

/**
 * For a small container; they have an effect on the command line only. Of V8's compilers the last takes 5 MB, doing it
 * in a second thread 6 and inlining 2, and a worker without them is no slower. The old space is half full here.
 */
const NODE_FLAGS = [
  "--max-semi-space-size=1",
  "--max-old-space-size=28",
  "--no-opt",
  "--no-concurrent-recompilation",
  "--no-maglev-inlining",
];

/** One heap for all threads, by glibc: one each took 4 MB more in a short drain, and 7 in a long one. */
const ENVIRONMENT = { MALLOC_ARENA_MAX: "1" };

/** Peak memory of a worker over a short and a long drain, and what a pending job takes on the disk. */
export async function measureMemory(bench: Bench): Promise<BarResult> {
  const short = sized(bench, { full: 20_000, quick: 5_000, tiny: 500 });
  const long = sized(bench, { full: 200_000, quick: 20_000, tiny: 1_000 });
  const bytesPerJob: number[] = [];
  const measure = (count: number) => async (): Promise<number> => {
    const path = join(bench.folder(), "bench.db");
    await addFifo(path, count);
    bytesPerJob.push((await fileBytes(path)) / count);
    return (await drain(path, count, { nodeFlags: NODE_FLAGS, environment: ENVIRONMENT })).rssMb;
  };
  const inMb = (count: number): string => `MB, ${count.toLocaleString("en")} jobs`;
  const runs = await inRounds(bench, {
    [inMb(short)]: measure(short),
    [inMb(long)]: measure(long),
  });
  const parts = [
    within(`worker over ${short} jobs`, median(runsOf(runs, inMb(short))), "MB", 100),
    within(`worker over ${long} jobs`, median(runsOf(runs, inMb(long))), "MB", 120),
    within("per pending job", median(bytesPerJob), "bytes", 250),
  ];
  return toResult({
    id: "P9",
    title: "memory and bytes per job",
    runs: { ...runs, "bytes, per pending job": bytesPerJob },
    parts,
    notes: [`MALLOC_ARENA_MAX=1 node ${NODE_FLAGS.join(" ")}`],
  });
}

async function fileBytes(path: string): Promise<number> {
  await using opened = await openQueue(path);
  await opened.store.checkpoint();
  return statSync(path).size;
}
