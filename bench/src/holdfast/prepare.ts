import type { JobStore } from "@holdfast/queue-core";
import Database from "better-sqlite3";
import { HELD_TYPE, payloadOf, TYPES } from "./jobs.ts";
import { type Opened, openQueue } from "./open.ts";

type NewJobs = Parameters<JobStore["enqueue"]>[0];
type NewJob = NewJobs[number];

const BULK = 1_000;
const PRIORITIES = 10;
const TOP_PRIORITY = 100;
const MONTH_MS = 30 * 86_400_000;

const ONE_A_DAY = { limit: 1, periodMs: 86_400_000, burst: 1 };

/** What the rows are that lie beside the jobs that are drained. */
export type Backlog = "pending" | "completed" | "scheduled" | "waiting" | "paused" | "rate-limited";

function newJob(n: number, changed: Partial<NewJob> = {}): NewJob {
  const plain = {
    type: "t0",
    payload: JSON.stringify(payloadOf(n)),
    payloadVersion: 1,
    keyId: null,
    priority: 0,
    maxAttempts: 5,
    delayMs: 0,
  };
  const none = { workflowId: null, uniqueKey: null, slotAtMs: null, step: null, expireAfterMs: null };
  return { ...plain, ...none, detached: false, dependsOn: [], ...changed };
}

async function addInBulk({ store }: Opened, count: number, build: (n: number) => NewJob): Promise<void> {
  for (let from = 0; from < count; from += BULK) {
    const size = Math.min(BULK, count - from);
    const jobs = Array.from({ length: size }, (_, i) => build(from + i));
    await store.enqueue(jobs, { durability: "normal", tx: undefined });
  }
}

/** Adds jobs of one type and priority, first-in first-out. */
export async function addFifo(path: string, count: number): Promise<void> {
  await using opened = await openQueue(path);
  await addInBulk(opened, count, (n) => newJob(n));
}

/** Adds jobs of 8 types and 10 priorities that have come due in random order, all claimable when it returns. */
export async function addMixed(path: string, count: number): Promise<void> {
  await using opened = await openQueue(path);
  // A time in the past is moved to now, so the times lie a little ahead and are waited for.
  const untilMs = Date.now() + 1_000 + count / 20;
  await addInBulk(opened, count, (n) =>
    newJob(n, {
      type: TYPES[Math.floor(Math.random() * TYPES.length)] ?? "t0",
      priority: Math.floor(Math.random() * PRIORITIES),
      runAtMs: untilMs + Math.floor(Math.random() * 1_000),
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, untilMs + 1_001 - Date.now())));
  await promoteAll(path, opened);
}

/** Claims promote what is due; each is handed back unspent. */
async function promoteAll(path: string, { queue, store }: Opened): Promise<void> {
  const workerId = "bench-promotion";
  using stack = new DisposableStack();
  const database = stack.adopt(new Database(path, { readonly: true }), (open) => open.close());
  const isAnyDue = database.prepare("SELECT EXISTS (SELECT 1 FROM scheduled WHERE due_at <= ?)").pluck();
  while (isAnyDue.get(Date.now()) === 1) {
    const claimed = await queue.claim({ workerId, types: TYPES, limit: 1, leaseMs: 30_000 });
    const verdict = { verb: "handBack" } as const;
    await store.finish(claimed.map((job) => ({ job, verdict, followUps: [], effects: [] })));
  }
}

/** Adds rows that lie beside the measured jobs; completed ones are made by a worker, not here. */
export async function addBacklog(path: string, kind: Backlog, count: number): Promise<void> {
  if (kind === "pending") return await addMixed(path, count);
  await using opened = await openQueue(path);
  if (kind === "completed") return await addInBulk(opened, count, (n) => newJob(n));
  if (kind === "scheduled") return await addInBulk(opened, count, (n) => newJob(n, { delayMs: MONTH_MS }));
  if (kind === "paused" || kind === "rate-limited") {
    if (kind === "paused") await opened.queue.pause(HELD_TYPE);
    else await opened.queue.setLimit(HELD_TYPE, { rate: ONE_A_DAY });
    return await addInBulk(opened, count, (n) => newJob(n, { type: HELD_TYPE, priority: TOP_PRIORITY }));
  }
  const [parent] = await opened.store.enqueue([newJob(0, { delayMs: MONTH_MS })], {
    durability: "normal",
    tx: undefined,
  });
  const jobId = parent?.job.id ?? "";
  await addInBulk(opened, count, (n) => newJob(n, { dependsOn: [{ jobId, whenDead: "cancel" }] }));
}
