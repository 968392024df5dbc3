import Database from "better-sqlite3";
import { better, defineQueue, defineWorker, JobStatus } from "plainjob";
import { payloadOf } from "../holdfast/jobs.ts";
import { runPeer } from "./peer.ts";

const TYPE = "t0";
const logger = { error: console.error, warn: () => {}, info: () => {}, debug: () => {} };

await runPeer(async ({ place, mode }) => {
  const database = new Database(place);
  const queue = defineQueue({ connection: better(database), logger });
  let worker: ReturnType<typeof defineWorker> | undefined;
  return {
    add: async (n) => queue.add(TYPE, payloadOf(n)),
    async addMany(from, to) {
      const payloads = Array.from({ length: to - from }, (_, i) => payloadOf(from + i));
      queue.addMany(TYPE, payloads);
    },
    async work(onJob) {
      const run = async ({ data }: { data: string }): Promise<void> => onJob(JSON.parse(data).n);
      // Only a backlog is worth a poll per millisecond; an idle worker is measured as it comes.
      worker = defineWorker(TYPE, run, { queue, logger, ...(mode === "drain" && { pollIntervall: 1 }) });
      void worker.start();
    },
    isDrained: async () =>
      queue.countJobs({ status: JobStatus.Pending }) + queue.countJobs({ status: JobStatus.Processing }) ===
      0,
    async close() {
      await worker?.stop();
      queue.close();
    },
  };
});
