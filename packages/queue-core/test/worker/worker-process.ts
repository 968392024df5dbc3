// A worker in a process of its own: `worker-process.ts <database> <scenario> <leaseMs>`. Tells its parent what happens,
// and ends when told to.
import { EventEmitter } from "node:events";
import { appendFileSync } from "node:fs";
import { connect } from "node:net";
import { pino } from "pino";
import { z } from "zod";
import { createQueue, createWorker, defineJob, LeaseLostError } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { WORKER_JOBS } from "./job-types.ts";

const [path = "", scenario = "", lease = ""] = process.argv.slice(2);
const leaseMs = Number(lease);

/** One line per run, in a file that no transaction rolls back. */
function witness(what: string): void {
  appendFileSync(`${path}.witness`, `${what}\n`);
}

function told(message: string): Promise<void> {
  return new Promise((resolve) => {
    process.on("message", (received) => {
      if (received === message) resolve();
    });
  });
}

function throwLeftBehind(): never {
  throw new Error("left behind");
}

function blockThread(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

type Handler = NonNullable<
  Parameters<typeof createWorker<typeof WORKER_JOBS, unknown>>[0]["handlers"]["task"]
>;

const scenarios: Readonly<Record<string, Handler>> = {
  block: () => {
    witness("block");
    blockThread(3 * leaseMs);
  },
  wait: async () => {
    witness("wait");
    await told("finish");
  },
  untilAborted: async ({ n }, { signal }) => {
    witness(`begins ${n}`);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    witness(`aborted ${n}`);
    signal.throwIfAborted();
  },
  step: async (_, context) => {
    await context.once("charge", () => {
      witness("charge");
      return { receipt: process.pid };
    });
    process.send?.("stepped");
    await new Promise(() => {});
  },
  strayWhileRunning: async (_, { signal }) => {
    void Promise.reject(new Error("left behind"));
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    witness(`aborted by: ${String(signal.reason)}`);
  },
  strayTrap: async (_, { signal }) => {
    const trap = (): never => {
      throw new Error("trapped");
    };
    void Promise.reject(new Proxy(new Error("never read"), { get: trap, getPrototypeOf: trap }));
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
  strayOfAnotherJob: async (_, { signal }) => {
    void Promise.reject(new LeaseLostError("another"));
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
  batch: {
    batch: { size: 3, lingerMs: 3_600_000 },
    handle: async (jobs) => {
      witness(`batch of ${jobs.map(({ payload }) => payload.n).join(" ")}`);
      jobs[0]?.complete("ended before");
      await told("finish");
    },
  },
  strayAfterwards: () => {
    void told("finish").then(() => Promise.reject(new Error("left behind")));
    return "returned";
  },
  throwInTimer: async (_, { signal }) => {
    setTimeout(() => {
      throw new Error("thrown by a timer");
    }, 1);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    witness(`aborted by: ${String(signal.reason)}`);
  },
  throwInEmitter: async (_, { signal }) => {
    const emitter = new EventEmitter();
    emitter.on("news", () => {
      throw new Error("thrown by an emitter");
    });
    setImmediate(() => emitter.emit("news"));
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
  errorOfSocket: async (_, { signal }) => {
    // Nobody listens for its error: on port 1 nobody answers.
    connect(1, "127.0.0.1");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
  throwAfterwards: () => {
    void told("finish").then(() => setTimeout(() => throwLeftBehind(), 1));
    return "returned";
  },
  slowSchema: () => "never called",
  pickySchema: () => "what its schema knows by itself",
  slowUpcaster: () => "never called",
  strayOfHook: () => {
    throw new Error("for good");
  },
  throwOfTheProcess: () => "nothing to do with it",
  strayOfTheProcess: () => "nothing to do with it",
};

const handler = scenarios[scenario];
if (!handler) throw new Error(`There is no scenario "${scenario}"`);
const store = await openSqliteStore({ path });
/** What it asks is somewhere else, and out of reach. */
const slow = defineJob("task", {
  payload: z.object({ n: z.number() }).refine(async () => throwLeftBehind()),
});
/** It asks about some values only. */
const picky = defineJob("task", {
  payload: z.object({ n: z.number() }).refine(({ n }) => n === 0 || (async () => throwLeftBehind())()),
});
/** Its payloads are brought up by a promise, of which a schema that accepts any object knows nothing. */
const late = defineJob("task", {
  payload: z.object({ n: z.number().optional() }),
  version: 2,
  upcasters: { 1: async () => throwLeftBehind() },
});
/** Its hook leaves a promise behind. */
const careless = defineJob("task", {
  payload: z.object({ n: z.number() }),
  onDead: () => {
    void Promise.reject(new Error("left behind"));
    return [];
  },
});
const types: Readonly<Record<string, (typeof WORKER_JOBS)[number] | undefined>> = {
  slowSchema: slow,
  pickySchema: picky,
  slowUpcaster: late as unknown as typeof slow,
  strayOfHook: careless,
};
const jobs = WORKER_JOBS.map((job) => (job.type === "task" ? (types[scenario] ?? job) : job));
// The same types with the same payloads.
const queue = createQueue({ store, jobs: jobs as unknown as typeof WORKER_JOBS });
const worker = createWorker({
  queue,
  handlers: {
    task: handler,
    other: () => "fine",
    // For ever, in which no timer of this thread fires.
    short: () => blockThread(Number.POSITIVE_INFINITY),
  },
  leaseMs,
  pollMs: 5,
  workerId: "child",
  log: pino({}, { write: (line) => process.send?.(JSON.parse(line)) }),
});
worker.start();
if (scenario === "throwOfTheProcess") void told("finish").then(() => setTimeout(() => throwLeftBehind(), 1));
if (scenario === "strayOfTheProcess")
  void told("finish").then(() => Promise.reject(new Error("not a job's")));
await told("stop");
await worker.stop();
await store.close();
process.disconnect();
