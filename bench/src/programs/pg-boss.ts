import { Client } from "pg";
import { PgBoss } from "pg-boss";
import { payloadOf } from "../holdfast/jobs.ts";
import { runPeer } from "./peer.ts";

const TYPE = "t0";

await runPeer(async ({ place }) => {
  const boss = new PgBoss({ connectionString: place, useListenNotify: true });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue(TYPE, { notify: true });
  const client = new Client({ connectionString: place });
  await client.connect();
  return {
    add: (n) => boss.send(TYPE, payloadOf(n)),
    addMany: (from, to) => {
      const jobs = Array.from({ length: to - from }, (_, i) => ({ data: payloadOf(from + i) }));
      return boss.insert(TYPE, jobs);
    },
    async work(onJob) {
      const options = { batchSize: 1_000, burstWhenBatchFull: true };
      await boss.work<{ n: number }>(TYPE, options, async (jobs) => {
        for (const { data } of jobs) onJob(data.n);
      });
    },
    async isDrained() {
      const text = "SELECT EXISTS (SELECT 1 FROM pgboss.job WHERE state < 'completed') AS any";
      return (await client.query<{ any: boolean }>(text)).rows[0]?.any === false;
    },
    async close() {
      await client.end();
      await boss.stop({ close: true, graceful: true });
    },
  };
});
