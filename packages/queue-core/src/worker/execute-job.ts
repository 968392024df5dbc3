import { definitionOf } from "../catalog.ts";
import type { ClaimedJob } from "../job.ts";
import type { Queue } from "../queue.ts";
import type { Finish } from "../store.ts";
import { AbortSwitch } from "./abort-switch.ts";
import { beforeHandler, type ExecutedRun } from "./before-handler.ts";
import { callHandler } from "./call-handler.ts";
import { executeBatch } from "./execute-batch.ts";
import { type AnyBatchHandler, type AnyHandler, isBatchHandler } from "./handler.ts";
import { RunContext } from "./job-context.ts";
import type { ReportRounds } from "./report-rounds.ts";
import type { Logged } from "./run.ts";
import { RunEnd } from "./run-end.ts";

export interface ExecuteOptions {
  readonly queue: Queue;
  readonly handler: AnyHandler;
  readonly job: ClaimedJob;
  /** Aborts when the job is cancelled, its lease lost, its time over, or the worker stops. */
  readonly abort: AbortSwitch;
  readonly run: Logged;
  readonly rounds: ReportRounds;
}

/**
 * One run of a job: check the payload, run the handler under its timeout, read its outcome, and say how the run ended.
 * Writes nothing about the job but checkpoints. Never fails for what a handler, a schema or a hook does.
 * @returns no promise where nothing had to be waited for: a run costs little more than its handler then
 */
export function executeJob(options: ExecuteOptions): ExecutedRun | Promise<ExecutedRun> {
  const { queue, handler, job, abort, run, rounds } = options;
  if (isBatchHandler(handler)) {
    return new Promise((onEnd, onBroken) => {
      executeBatch({
        queue,
        handler,
        members: [{ job, abort, log: run.log }],
        abort: new AbortSwitch(),
        onEnd: (_, end) => onEnd(end),
        onBroken: (_, error) => onBroken(error instanceof Error ? error : new Error(String(error))),
        run,
        rounds,
      });
    });
  }
  const found = beforeHandler(queue, job, run);
  if (found instanceof Promise || "finish" in found) return found;
  const asExecuted = (finish: Finish): ExecutedRun => ({ job: found, finish });
  const finish = runHandler(options, handler, found);
  return finish instanceof Promise ? finish.then(asExecuted) : asExecuted(finish);
}

function runHandler(
  { queue, abort, run, rounds }: ExecuteOptions,
  handler: Exclude<AnyHandler, AnyBatchHandler>,
  job: ClaimedJob,
): Finish | Promise<Finish> {
  const context = new RunContext({ job, catalog: queue.catalog, store: queue.store, abort, run, rounds });
  const end = new RunEnd({ queue, job, context, abort, run });
  let returned: unknown;
  try {
    returned = callHandler({
      // `never` lets one type stand for every handler; the payload was checked by this type's own schema.
      call: () => handler(job.payload as never, context as never),
      timeoutMs: definitionOf(queue.catalog, job.type).timeoutMs,
      onCut: (by, reason) => end.cut(by, reason),
      run,
    });
  } catch (error) {
    return end.failed(error);
  }
  if (!(returned instanceof Promise)) return end.returned(returned);
  return returned.then(
    (value) => end.returned(value),
    (error: unknown) => end.failed(error),
  );
}
