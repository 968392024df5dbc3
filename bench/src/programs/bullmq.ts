import { Queue, Worker } from "bullmq";
import { payloadOf } from "../holdfast/jobs.ts";
import { runPeer } from "./peer.ts";

const NAME = "bench";
const CONCURRENCY = 100;

await runPeer(async ({ place }) => {
  const connection = { path: place, maxRetriesPerRequest: null };
  const queue = new Queue<{ n: number }>(NAME, { connection });
  let worker: Worker<{ n: number }> | undefined;
  await queue.waitUntilReady();
  return {
    add: (n) => queue.add(NAME, payloadOf(n)),
    addMany: (from, to) => {
      const jobs = Array.from({ length: to - from }, (_, i) => ({ name: NAME, data: payloadOf(from + i) }));
      return queue.addBulk(jobs);
    },
    async work(onJob) {
      worker = new Worker(NAME, async ({ data }) => onJob(data.n), { connection, concurrency: CONCURRENCY });
      worker.on("error", (error) => console.error(error));
      await worker.waitUntilReady();
    },
    isDrained: async () => (await queue.getJobCountByTypes("waiting", "active")) === 0,
    async close() {
      await worker?.close();
      await queue.close();
    },
  };
});
