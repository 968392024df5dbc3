// plainjob at its best: WAL and its own pragmas, one worker without waiting between jobs, no logging.
import Database from "better-sqlite3";
import { better, defineQueue, defineWorker } from "plainjob";
import { payloadOf } from "../holdfast/jobs.ts";
import { answerAndEnd, readTask, timed } from "./task.ts";

const { path, count } = readTask<{ path: string; count: number }>();
const logger = { error: console.error, warn: () => {}, info: () => {}, debug: () => {} };
const queue = defineQueue({ connection: better(new Database(path)), logger });
for (let n = 0; n < count; n += 1_000) {
  queue.addMany(
    "t0",
    Array.from({ length: Math.min(1_000, count - n) }, (_, i) => payloadOf(n + i)),
  );
}
let handled = 0;
const done = Promise.withResolvers<void>();
const worker = defineWorker(
  "t0",
  () => {
    if (++handled === count) done.resolve();
    return Promise.resolve();
  },
  { queue, logger, pollIntervall: 1 },
);
const seconds = await timed(async () => {
  void worker.start();
  await done.promise;
});
await worker.stop();
queue.close();
answerAndEnd({ perSecond: count / seconds });
