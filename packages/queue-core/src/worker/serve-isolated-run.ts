import { type Logger, pino } from "pino";
import type { JobCatalog } from "../define-job.ts";
import { HandlerMissingError, JobCancelledError, WorkerStoppingError } from "../errors.ts";
import { FaultLog } from "../fault-log.ts";
import type { ClaimedJob } from "../job.ts";
import type { Queue } from "../queue.ts";
import { AbortSwitch } from "./abort-switch.ts";
import { executeJob } from "./execute-job.ts";
import type { AnyHandler, JobHandlers } from "./handler.ts";
import type { FromChild, ToChild } from "./isolated-run.ts";
import { jobLog } from "./job-log.ts";
import { recordFinish } from "./record-finish.ts";
import { ReportRounds } from "./report-rounds.ts";
import { listenForStrays } from "./stray-errors.ts";

export interface IsolatedRunServer<Jobs extends JobCatalog, Tables> {
  readonly queue: Queue<Jobs, Tables>;
  readonly handlers: JobHandlers<Jobs, Tables>;
  readonly log?: Logger;
}

/**
 * In a process that a worker forked: runs the one job it is given, records how that ended, and resolves. The module
 * that calls this is the worker's `isolatedEntry`; it opens the same store and builds the same handlers.
 * @throws {Error} if no worker started this process
 */
export async function serveIsolatedRun<const Jobs extends JobCatalog, Tables>(
  options: IsolatedRunServer<Jobs, Tables>,
): Promise<void> {
  if (!process.send)
    throw new Error("This entry runs single jobs for a worker, which starts it; start the worker instead");
  // Its worker keeps the lease: without it this run could only do damage.
  process.once("disconnect", () => process.exit(1));
  // Ctrl-C reaches the whole process group. Dying of it would look like the job's doing; the worker says when to stop.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  const stopListening = listenForStrays();
  // Before the job is asked for: a word that comes right behind it must find somebody to hear it.
  const abort = new AbortSwitch();
  const giveUp = new AbortController();
  process.on("message", (message: ToChild) => {
    if (message.kind !== "abort") return;
    giveUp.abort();
    abort.abort(
      message.code === "JOB_CANCELLED"
        ? new JobCancelledError(message.message)
        : new WorkerStoppingError(message.message),
    );
  });
  const job = await nextJob();
  // As in the worker: the catalog's types have done their work at the call.
  const queue = options.queue as unknown as Queue;
  const handler = (options.handlers as Readonly<Record<string, AnyHandler | undefined>>)[job.type];
  if (!handler)
    throw new HandlerMissingError(`Job ${job.id} is to run alone, but "${job.type}" has no handler here`);
  const log = jobLog(options.log ?? pino({ enabled: false }), job, queue.catalog, { alone: true });
  const faults = new FaultLog(log);
  const rounds = new ReportRounds(queue.store, faults);
  const executed = await executeJob({ queue, handler, job, abort, run: { log }, rounds });
  await rounds.stop();
  const outcome = await recordFinish(executed, {
    queue,
    run: { log },
    faults,
    giveUp: giveUp.signal,
  });
  stopListening();
  await tell({ kind: "ended", outcome });
  process.removeAllListeners("disconnect");
  process.disconnect();
}

function nextJob(): Promise<ClaimedJob> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: ToChild): void => {
      if (message.kind !== "run") return;
      process.off("message", onMessage);
      resolve(message.job);
    };
    process.on("message", onMessage);
    tell({ kind: "listening" }).catch(reject);
  });
}

function tell(message: FromChild): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error: Error | null) =>
      error ? reject(error) : resolve(),
    );
  });
}
