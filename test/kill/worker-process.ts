// A worker to be killed: `worker-process.ts <folder>`. Logs JSON lines; stops when it gets SIGTERM.
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createQueue, createWorker, type JobContext } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { pino } from "pino";
import {
  CONCURRENCY,
  FOLLOW_UP_EVERY,
  KILL_JOBS,
  LEASE_MS,
  LEDGER,
  type LedgerTables,
  witnessLine,
} from "./kill-jobs.ts";

type Context = JobContext<typeof KILL_JOBS, LedgerTables>;

const [folder = ""] = process.argv.slice(2);
/** About as long as a small database query over a network; long enough to be killed in. */
const WORK_MS = 20;
const LOOK_EVERY_MS = 5;

const store = await openSqliteStore<LedgerTables>({ path: join(folder, "jobs.db"), migrations: [LEDGER] });
const queue = createQueue({ store, jobs: KILL_JOBS });

/** Says that a run has begun, where no transaction takes it back, and asks for a row with its completion. */
function begin(context: Context): void {
  // Opened with O_APPEND: lines of several processes do not mix.
  appendFileSync(join(folder, "witness"), witnessLine(context.jobId, process.pid));
  context.onCommit(async (tx) => {
    await tx.sql.insertInto("ledger").values({ job_id: context.jobId }).execute();
  });
}

const worker = createWorker({
  queue,
  handlers: {
    work: async ({ n }, context) => {
      begin(context);
      await sleep(WORK_MS);
      if (n % FOLLOW_UP_EVERY === 0) context.enqueue("follow_up", { of: n });
    },
    follow_up: (_, context) => begin(context),
    waits: async ({ file }, context) => {
      begin(context);
      while (!existsSync(`${file}-${process.pid}`)) await sleep(LOOK_EVERY_MS);
      return process.pid;
    },
  },
  concurrency: CONCURRENCY,
  leaseMs: LEASE_MS,
  pollMs: 20,
  log: pino({ level: "info" }),
});
process.once("SIGTERM", () => {
  void worker.stop().then(() => store.close());
});
worker.start();
