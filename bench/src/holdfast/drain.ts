import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { startProgram } from "../run-program.ts";

export interface DrainOptions {
  /** How many of the jobs are drained before the rest are timed, per process. */
  readonly warmUp?: number;
  readonly processes?: number;
  readonly concurrency?: number;
  /** Types that the workers ask for, by default all that are not paused. */
  readonly types?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Drained {
  readonly perSecond: number;
  /** Jobs run by each process, of those that are timed. */
  readonly shares: readonly number[];
  /** The largest of the processes' peaks of resident memory, in MB. */
  readonly rssMb: number;
}

/** Well below the length of a drain, and rare enough to leave the core to the worker. */
const LOOK_MS = 2;

/**
 * Has real workers drain all there is: `count` jobs and the warm-up before them. Timed from the first look that finds
 * the warm-up completed to the last completion, so that the start of processes and threads is not part of it, and
 * counted by what the database holds rather than by handlers.
 */
export async function drain(path: string, count: number, options: DrainOptions = {}): Promise<Drained> {
  const { warmUp = 0, processes = 1, concurrency = 100, types, nodeFlags = [], environment = {} } = options;
  const task = { path, concurrency, types };
  const workers = Array.from({ length: processes }, () =>
    startProgram("holdfast-worker", task, { nodeFlags, environment }),
  );
  using stack = new DisposableStack();
  const database = stack.adopt(new Database(path, { readonly: true }), (open) => open.close());
  const select = database.prepare("SELECT coalesce(max(n), 0) FROM finished").pluck();
  const finished = (): number => Number(select.get());
  try {
    await Promise.all(workers.map((worker) => worker.next()));
    const before = finished();
    for (const worker of workers) worker.send({ go: true });
    const [cold, all] = [warmUp * processes, warmUp * processes + count];
    let first = 0;
    let firstAt = 0;
    for (;;) {
      const done = finished() - before;
      if (done > cold && firstAt === 0) {
        first = done;
        firstAt = performance.now();
        for (const worker of workers) worker.send({ usage: true });
      }
      if (done >= all) break;
      await sleep(LOOK_MS);
    }
    const seconds = (performance.now() - firstAt) / 1_000;
    if (first >= all) throw new Error("The drain was over before anybody had looked: too few jobs");
    const atFirst = await Promise.all(workers.map((worker) => worker.next<{ handled: number }>()));
    const ends = await Promise.all(workers.map((worker) => worker.end<{ handled: number; rssMb: number }>()));
    return {
      perSecond: (all - first) / seconds,
      shares: ends.map(({ handled }, i) => handled - (atFirst[i]?.handled ?? 0)),
      rssMb: Math.max(...ends.map(({ rssMb }) => rssMb)),
    };
  } finally {
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
  }
}
