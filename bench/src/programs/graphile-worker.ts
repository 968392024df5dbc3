import { Logger, makeWorkerUtils, type Runner, run } from "graphile-worker";
import { payloadOf } from "../holdfast/jobs.ts";
import { runPeer } from "./peer.ts";

const TYPE = "t0";

await runPeer(async ({ place }) => {
  const logger = new Logger(() => () => {});
  // The configuration of worker.graphile.org/docs/performance.
  const worker = {
    connectionString: place,
    concurrentJobs: 24,
    maxPoolSize: 25,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger,
  };
  const utils = await makeWorkerUtils({ preset: { worker } });
  await utils.migrate();
  let runner: Runner | undefined;
  return {
    add: (n) => utils.addJob(TYPE, payloadOf(n)),
    addMany: (from, to) => {
      const jobs = Array.from({ length: to - from }, (_, i) => ({
        identifier: TYPE,
        payload: payloadOf(from + i),
      }));
      return utils.addJobs(jobs);
    },
    async work(onJob) {
      const task = async (payload: unknown): Promise<void> => onJob((payload as { n: number }).n);
      runner = await run({ preset: { worker }, taskList: { [TYPE]: task }, noHandleSignals: true });
    },
    async isDrained() {
      const text = "SELECT EXISTS (SELECT 1 FROM graphile_worker._private_jobs) AS any";
      const { rows } = await utils.withPgClient((client) => client.query<{ any: boolean }>(text));
      return rows[0]?.any === false;
    },
    async close() {
      await runner?.stop();
      await utils.release();
    },
  };
});
