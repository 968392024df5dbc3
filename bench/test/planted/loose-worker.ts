// A worker that would run anything: its schema lets every payload pass.
import { createQueue, createWorker } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { answer, readTask } from "../../src/programs/task.ts";
import { looseJobs } from "./loose-jobs.ts";

const { path } = readTask<{ path: string }>();
const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs: looseJobs });
const worker = createWorker({ queue, handlers: { t0: () => {}, t1: () => {} } });
process.on("message", ({ go, end }: { go?: true; end?: true }) => {
  if (go) worker.start();
  if (end) {
    void worker.stop().then(async () => {
      await store.close();
      answer({});
    });
  }
});
answer({ workerId: worker.id });
