import { pino } from "pino";
import type { JobCatalog } from "../define-job.ts";
import { FaultLog } from "../fault-log.ts";
import type { ClaimedJob, JobStatus } from "../job.ts";
import { DEFAULT_LEASE_MS, type Queue } from "../queue.ts";
import { AbortSwitch } from "../worker/abort-switch.ts";
import type { ExecutedRun } from "../worker/before-handler.ts";
import { executeBatch } from "../worker/execute-batch.ts";
import { executeJob } from "../worker/execute-job.ts";
import { isBatchHandler, type JobHandlers } from "../worker/handler.ts";
import { recordFinish } from "../worker/record-finish.ts";
import { ReportRounds } from "../worker/report-rounds.ts";
import { selectHandlers } from "../worker/select-handlers.ts";
import type { FakeClock } from "./fake-clock.ts";

export interface DrainOptions<Jobs extends JobCatalog, Tables> {
  readonly queue: Queue<Jobs, Tables>;
  readonly handlers: JobHandlers<Jobs, Tables>;
  /**
   * The queue's clock. With it, retries and delayed jobs run too: when nothing is due, it is moved on to the time of
   * the next. Without it they stay scheduled.
   */
  readonly clock?: FakeClock;
  /** More runs than this are taken for an endless loop; 1,000 by default. */
  readonly maxRuns?: number;
}

/** One run of a handler. */
export interface DrainedRun {
  readonly jobId: string;
  readonly type: string;
  readonly attempt: number;
  /** What the run made of its job; null if it was no longer this run's to end. */
  readonly status: JobStatus | null;
  /** Why it failed; null if it did not. */
  readonly error: string | null;
}

const WORKER_ID = "drain";
/** Long enough to tell whether it has passed, in milliseconds. */
const LONG_MS = 100;

/**
 * Runs jobs as a worker does, one after another and without one, until none is left to run: also those that handlers
 * enqueue. Follow-ups, effects, retries, dead letters and `ctx.once` are the real ones.
 * @returns the runs, in their order
 * @throws {HandlerMissingError} if a type is named that has no handler
 * @throws {Error} if it does not come to an end, or `clock` is not the store's
 */
export async function drain<const Jobs extends JobCatalog, Tables>({
  queue,
  handlers,
  clock,
  maxRuns = 1_000,
}: DrainOptions<Jobs, Tables>): Promise<readonly DrainedRun[]> {
  // As in the worker: the catalog's types have done their work at the call.
  const untyped = queue as unknown as Queue;
  const selected = selectHandlers({ queue: untyped, handlers });
  const runs: DrainedRun[] = [];
  for (;;) {
    const types = [...selected.keys()];
    const jobs = await claimNext(untyped, selected);
    const [job] = jobs;
    if (job) {
      if (runs.length >= maxRuns)
        throw new Error(`drain has made ${maxRuns} runs and there are more; the last was of a "${job.type}"`);
      runs.push(...(await runTogether(untyped, selected, jobs)));
      continue;
    }
    const untilDue = (): Promise<number | null> => untyped.store.untilNextDue(untyped.linesOf(types));
    const waitMs = clock ? await untilDue() : null;
    if (waitMs === null) break;
    clock?.advance(waitMs);
    // Or this would go round for as long as the wait is, and let no timer of the test have its turn.
    if (waitMs >= LONG_MS && ((await untilDue()) ?? 0) > waitMs / 2)
      throw new Error(
        "drain moved a clock that the store does not go by: pass it to openStore and createQueue, too",
      );
    // What was due is of a type without a handler here.
    if (waitMs === 0) break;
  }
  await untyped.store.retire(WORKER_ID);
  return runs;
}

/** One job, or a batch of what is there: nobody adds to it while this waits. */
async function claimNext(
  queue: Queue,
  handlers: ReturnType<typeof selectHandlers>,
): Promise<readonly ClaimedJob[]> {
  const lease = { workerId: WORKER_ID, leaseMs: DEFAULT_LEASE_MS };
  const batches = [...handlers].flatMap(([type, each]) =>
    isBatchHandler(each) ? [{ type, limit: each.batch.size }] : [],
  );
  const singles = [...handlers.keys()].filter((type) => !batches.some((batch) => batch.type === type));
  const found = await queue.claim({ ...lease, types: singles, limit: 1 });
  if (found.length > 0) return found;
  for (const { type, limit } of batches) {
    const batch = await queue.claim({ ...lease, types: [type], limit });
    if (batch.length > 0) return batch;
  }
  return [];
}

async function runTogether(
  queue: Queue,
  handlers: ReturnType<typeof selectHandlers>,
  jobs: readonly ClaimedJob[],
): Promise<readonly DrainedRun[]> {
  const run = { log: pino({ enabled: false }) };
  const rounds = new ReportRounds(queue.store);
  const handler = handlers.get(jobs[0]?.type ?? "");
  if (!handler) throw new Error(`"${jobs[0]?.type}" was claimed but has no handler`);
  const members = jobs.map((job) => ({ job, abort: new AbortSwitch(), log: run.log }));
  if (!isBatchHandler(handler))
    return Promise.all(
      members.map(async (member) =>
        record(queue, member.job, await executeJob({ queue, handler, ...member, run, rounds })),
      ),
    );
  const ends = new Map(members.map((member) => [member, Promise.withResolvers<ExecutedRun>()]));
  executeBatch({
    queue,
    handler,
    members,
    abort: new AbortSwitch(),
    run,
    rounds,
    onEnd: (member, executed) => ends.get(member)?.resolve(executed),
    onBroken: (member, error) => ends.get(member)?.reject(error),
  });
  return Promise.all([...ends].map(async ([{ job }, { promise }]) => record(queue, job, await promise)));
}

async function record(queue: Queue, job: ClaimedJob, executed: ExecutedRun): Promise<DrainedRun> {
  const log = pino({ enabled: false });
  const outcome = await recordFinish(executed, {
    queue,
    run: { log },
    faults: new FaultLog(log),
    giveUp: AbortSignal.abort(),
  });
  const status = outcome?.status ?? null;
  const failed = status === "scheduled" || status === "failed";
  const last = failed ? (await queue.store.attempts(job.id)).at(-1) : undefined;
  // A run that did not begin, as its payload cannot be read, is no attempt; the dead letter says why.
  const unbegun = status === "failed" ? ((await queue.store.getJob(job.id))?.lastError ?? null) : null;
  const error = last?.attempt === job.attempt ? last.error : unbegun;
  return { jobId: job.id, type: job.type, attempt: job.attempt, status, error };
}
