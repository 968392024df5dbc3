import type { Queue } from "../../src/queue.ts";
import { AbortSwitch } from "../../src/worker/abort-switch.ts";
import { executeBatch } from "../../src/worker/execute-batch.ts";
import type { BatchJob } from "../../src/worker/handler.ts";
import { ReportRounds } from "../../src/worker/report-rounds.ts";
import { BATCH } from "./job-types.ts";
import { throwUnlessKilled } from "./simulated-connection.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { LOG, type SimulatedRun, turn } from "./simulated-run.ts";

/** Runs of one call of a batch handler, which plays the lines of each job until all have ended, or it ends itself. */
export class SimulatedBatch {
  readonly #end = Promise.withResolvers<void>();

  /** Starts the handler; resolves when it waits for the first lines. */
  async begin(runs: readonly SimulatedRun[], host: SimulatedProcess): Promise<void> {
    const playAll = (jobs: readonly BatchJob[]): Promise<unknown> =>
      Promise.all(
        jobs.map(async (job) => {
          const run = runs.find((each) => each.job.id === job.jobId);
          if (run) await followJob(run, job);
        }),
      );
    // Job by job, so that what each commit may change is known.
    const rounds = new ReportRounds({
      report: async (told) => {
        const stored = told.map(async (one) => {
          const run = runs.find(({ job }) => job.id === one.job.id);
          return run ? run.report([one]) : [];
        });
        return (await Promise.all(stored)).flat();
      },
    });
    for (const run of runs) {
      run.batch = this;
      run.rounds = rounds;
    }
    executeBatch({
      queue: host.queue as unknown as Queue,
      handler: {
        batch: BATCH,
        handle: async (jobs) => {
          await Promise.race([playAll(jobs as readonly BatchJob[]), this.#end.promise]);
        },
      },
      members: runs,
      abort: new AbortSwitch(),
      run: { log: LOG },
      rounds,
      onEnd: (run, executed) => {
        run.executed = executed;
      },
      onBroken: (_, error) => throwUnlessKilled(error),
    });
    await turn();
  }

  /** The handler returns, or throws, whatever has become of its jobs. */
  async end(error?: Error): Promise<void> {
    if (error) this.#end.reject(error);
    else this.#end.resolve();
    await turn();
  }
}

async function followJob(run: SimulatedRun, job: BatchJob): Promise<void> {
  let returned: unknown;
  try {
    returned = await run.follow(job);
  } catch (error) {
    if (!run.executed) job.fail(error);
    return;
  }
  if (!run.executed) job.complete(returned);
}
