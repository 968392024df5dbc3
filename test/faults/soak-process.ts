// One process of the soak: `soak-process.ts <database> worker|owner <jobs per second>`. The owner adds jobs and does
// what a scheduler does, with a retention of seconds so that half an hour shows what months do. Stops at SIGTERM.
import { setTimeout as sleep } from "node:timers/promises";
import { createQueue, createWorker } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { SAMPLE_EVERY_MS, SOAK_JOBS, type SoakSample } from "./soak-jobs.ts";

const [, , path = "", role = "", perSecond = "0"] = process.argv;
const KEEP_MS = 2_000;
const TICK_MS = 250;
const STUMBLES_ONE_IN = 20;

const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs: SOAK_JOBS });
const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());
let claimsMs: number[] = [];
let done = 0;

async function work(): Promise<void> {
  const claim = store.claim.bind(store);
  store.claim = async (request) => {
    const beganMs = performance.now();
    const claimed = await claim(request);
    if (claimed.length > 0) claimsMs.push(performance.now() - beganMs);
    return claimed;
  };
  const worker = createWorker({
    queue,
    handlers: {
      work: ({ n }) => {
        done += 1;
        return n;
      },
      stumble: (_, { attempt }) => {
        if (attempt === 1) throw new Error("the first attempt stumbles");
        done += 1;
      },
    },
    concurrency: 20,
    pollMs: 20,
  });
  worker.start();
  await until(stopping.signal);
  await worker.stop();
}

async function own(): Promise<void> {
  const perTick = Math.ceil((Number(perSecond) * TICK_MS) / 1_000);
  for (let n = 0; !stopping.signal.aborted; n += perTick) {
    const beganMs = performance.now();
    const numbers = Array.from({ length: perTick }, (_, i) => n + i);
    const [stumbling, working] = [true, false].map((wanted) =>
      numbers.filter((number) => (number % STUMBLES_ONE_IN === 0) === wanted),
    );
    await queue.enqueueMany(
      "work",
      (working ?? []).map((number) => ({ n: number, text: "x".repeat(200) })),
    );
    await queue.enqueueMany(
      "stumble",
      (stumbling ?? []).map((number) => ({ n: number })),
    );
    done += perTick;
    await store.promoteDue();
    await store.rescue();
    await store.prune({ keepMs: KEEP_MS });
    await store.checkpoint();
    await sleep(Math.max(0, TICK_MS - (performance.now() - beganMs)));
  }
}

async function until(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function sample(): void {
  const sorted = claimsMs.toSorted((a, b) => a - b);
  claimsMs = [];
  const said: SoakSample = {
    rssBytes: process.memoryUsage.rss(),
    claimP99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? null,
    done,
  };
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

const sampling = setInterval(sample, SAMPLE_EVERY_MS);
await (role === "worker" ? work() : own());
clearInterval(sampling);
sample();
await store.close();
