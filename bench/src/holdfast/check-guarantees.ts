import { join } from "node:path";
import { LeaseLostError, PayloadInvalidError } from "@holdfast/queue-core";
import Database from "better-sqlite3";
import type { Bench } from "../bar.ts";
import { startProgram } from "../run-program.ts";
import { payloadOf } from "./jobs.ts";
import { openQueue } from "./open.ts";

const JOBS = 200;

/**
 * Holds the very worker that is measured to what makes a figure count.
 * @returns a line per guarantee that was seen to hold
 * @throws {Error} naming the one that does not
 */
export async function checkGuarantees(bench: Bench): Promise<readonly string[]> {
  const path = join(bench.folder(), "bench.db");
  await using opened = await openQueue(path);
  const { queue, store } = opened;

  const unfit = { ...payloadOf(0), email: "no address" };
  must(await rejectsWith(queue.enqueue("t0", unfit), PayloadInvalidError), "an invalid payload was stored");

  await queue.enqueue("t1", payloadOf(0));
  const stale = await queue.dequeue("bench-stale", { types: ["t1"] });
  if (!stale) throw new Error("The benchmark could not claim its own job");
  const other = { ...stale, leaseToken: stale.leaseToken + 1 };
  must(await rejectsWith(queue.completeJob(other), LeaseLostError), "another lease's token finished a job");
  await queue.completeJob(stale);

  await queue.enqueueMany(
    "t0",
    Array.from({ length: JOBS }, (_, n) => payloadOf(n)),
    { durability: "normal" },
  );
  // One is damaged behind the queue's back: only a worker that validates what it runs can find it.
  using stack = new DisposableStack();
  const database = stack.adopt(new Database(path), (open) => open.close());
  database.exec("UPDATE job SET payload = '{}' WHERE seq = (SELECT max(seq) FROM job)");

  await using worker = startProgram("holdfast-worker", { path });
  const { workerId } = await worker.next<{ workerId: string }>();
  worker.send({ go: true });
  const count = database.prepare(
    "SELECT (SELECT count(*) FROM finished), (SELECT count(*) FROM dead_letter_jobs)",
  );
  const ended = (): readonly number[] => count.raw().get() as number[];
  while ((ended()[0] ?? 0) + (ended()[1] ?? 0) < JOBS + 1) await pause();
  must(ended()[0] === JOBS, `${JOBS} jobs ran, and ${ended()[0]} are in the history`);
  must(ended()[1] === 1, "a worker ran a payload that its schema refuses");
  while (!(await store.workers()).some(({ id }) => id === workerId)) await pause();
  await worker.end();
  return [
    "validation: an invalid payload was refused at enqueue, a damaged one at its run",
    "fencing: a token of another lease finished nothing",
    `history: each of ${JOBS} jobs has its row with attempt and result`,
    "heartbeat: the worker's presence row was there while it ran",
  ];
}

function must(holds: boolean, problem: string): void {
  if (!holds) throw new Error(`No figure would count: ${problem}`);
}

async function rejectsWith(
  work: Promise<unknown>,
  kind: abstract new (...args: never[]) => Error,
): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof kind) return true;
    throw error;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
