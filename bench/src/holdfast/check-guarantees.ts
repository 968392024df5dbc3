import { join } from "node:path";
import { LeaseLostError, PayloadInvalidError } from "@holdfast/queue-core";
import Database from "better-sqlite3";
import type { Bench } from "../bar.ts";
import { type Program, startProgram } from "../run-program.ts";
import { payloadOf } from "./jobs.ts";
import { type Opened, openQueue } from "./open.ts";

const JOBS = 200;
/** A worker that runs jobs and has shown no sign of life by then has no heartbeat. */
const PRESENCE_MS = 10_000;

/** Whose figures are to count. */
export interface Subject {
  openQueue(path: string): Promise<Opened>;
  startWorker(path: string): Program;
  /** How long its presence row is waited for, in milliseconds. */
  readonly presenceMs: number;
}

export const MEASURED: Subject = {
  openQueue,
  startWorker: (path) => startProgram("holdfast-worker", { path }),
  presenceMs: PRESENCE_MS,
};

/** A guarantee is missing, and with it what makes a figure worth something. */
class GuaranteeMissingError extends Error {
  readonly code = "GUARANTEE_MISSING";
}

/**
 * Holds the very worker that is measured to what makes a figure count.
 * @returns a line per guarantee that was seen to hold
 * @throws {GuaranteeMissingError} naming the one that does not
 */
export async function checkGuarantees(
  bench: Pick<Bench, "folder">,
  subject: Subject = MEASURED,
): Promise<readonly string[]> {
  const path = join(bench.folder(), "bench.db");
  await using opened = await subject.openQueue(path);
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

  await using worker = subject.startWorker(path);
  const { workerId } = await worker.next<{ workerId: string }>();
  worker.send({ go: true });
  const number = (sql: string) => () => database.prepare<[], number>(sql).pluck().get();
  const open = number("SELECT (SELECT count(*) FROM ready) + (SELECT count(*) FROM running)");
  while (open() !== 0) await pause();
  const dead = number("SELECT count(*) FROM dead_letter_jobs")();
  must(dead === 1, "a worker ran a payload that its schema refuses");
  const told = number("SELECT count(*) FROM finished WHERE status = 'completed' AND attempts = 1")();
  must(told === JOBS, `of ${JOBS} jobs that ran, the history has ${told} with their attempt`);
  const untilMs = performance.now() + subject.presenceMs;
  const isPresent = async (): Promise<boolean> => (await store.workers()).some(({ id }) => id === workerId);
  while (!(await isPresent())) {
    must(performance.now() < untilMs, "a worker ran without a heartbeat");
    await pause();
  }
  await worker.end();
  return [
    "validation: an invalid payload was refused at enqueue, a damaged one at its run",
    "fencing: a token of another lease finished nothing",
    `history: each of ${JOBS} jobs has its row, with its attempt`,
    "heartbeat: the worker's presence row was there while it ran",
  ];
}

function must(holds: boolean, problem: string): void {
  if (!holds) throw new GuaranteeMissingError(`No figure would count: ${problem}`);
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
