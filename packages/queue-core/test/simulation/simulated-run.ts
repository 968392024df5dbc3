import { pino } from "pino";
import type { ClaimedJob } from "../../src/job.ts";
import type { Queue } from "../../src/queue.ts";
import type { Told } from "../../src/store.ts";
import { AbortSwitch } from "../../src/worker/abort-switch.ts";
import type { ExecutedRun } from "../../src/worker/before-handler.ts";
import { executeJob } from "../../src/worker/execute-job.ts";
import type { JobContext } from "../../src/worker/handler.ts";
import { ReportRounds } from "../../src/worker/report-rounds.ts";
import type { NoteTables, SIMULATED_JOBS } from "./job-types.ts";
import type { SimulatedBatch } from "./simulated-batch.ts";
import { throwUnlessKilled } from "./simulated-connection.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

export type Context = JobContext<typeof SIMULATED_JOBS, NoteTables>;

/** One line of a handler; what it returns, unless it is undefined, the handler returns. */
export type Line = (context: Context) => Promise<{ readonly returns: unknown } | undefined>;

export const LOG = pino({ enabled: false });

/** A run of a job through the worker's own pipeline, whose handler waits to be told its next line. */
export class SimulatedRun {
  readonly job: ClaimedJob;
  /** Where it runs: in its worker, or alone in a child of it. */
  readonly host: SimulatedProcess;
  readonly abort = new AbortSwitch();
  /** Of a batch all runs have one. */
  rounds = new ReportRounds({ report: (told) => this.report(told) });
  readonly log = LOG;
  /** Null if it runs by itself. */
  batch: SimulatedBatch | null = null;
  /** What its handler asked for. */
  readonly followUps: string[] = [];
  note: string | null = null;
  hasBadEffect = false;
  /** How it ended, as far as its process knows. */
  executed: ExecutedRun | null = null;
  isBusy = false;
  #tell: ((line: Line) => void) | null = null;

  constructor(job: ClaimedJob, host: SimulatedProcess) {
    this.job = job;
    this.host = host;
  }

  /** Starts the handler; resolves when that waits for its first line, or the run is over. */
  async begin(): Promise<void> {
    const handler = (_payload: unknown, context: Context): Promise<unknown> => this.follow(context);
    // A worker looks its handlers up by name, too: the catalog's types are for those who write them.
    const queue = this.host.queue as unknown as Queue;
    const executing = executeJob({
      queue,
      handler,
      job: this.job,
      abort: this.abort,
      run: { log: LOG },
      rounds: this.rounds,
    });
    void Promise.resolve(executing).then((executed) => {
      this.executed = executed;
    }, throwUnlessKilled);
    await turn();
  }

  /** Does what it is told, line by line, until one says what the handler returns. */
  async follow(context: Context): Promise<unknown> {
    for (;;) {
      const line = await new Promise<Line>((resolve) => {
        this.#tell = resolve;
      });
      const end = await line(context);
      if (end) return end.returns;
    }
  }

  async report(told: readonly Told[]): Promise<readonly boolean[]> {
    const { id: jobId, leaseToken } = this.job;
    const stored = await this.host.perform({ kind: "report", jobId, leaseToken }, () =>
      this.host.store.report(told),
    );
    if (stored.done) return stored.result;
    throw stored.error;
  }

  /** Lets the handler do one thing; resolves when it has, or could not. */
  async play(line: Line): Promise<void> {
    const tell = this.#tell;
    if (!tell) return;
    this.#tell = null;
    await new Promise<void>((heard) => tell((context) => line(context).finally(heard)));
    // The end of the handler is the end of the run a few microtasks later.
    await turn();
  }
}

/** A turn of the event loop: all that waits for nothing but promises has happened by then. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
