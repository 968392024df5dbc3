import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { afterEach, expect, it, vi } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import type { AppProcess } from "../system/app-process.ts";
import { type Answer, type OrderView, Pipeline } from "../system/pipeline.ts";
import { until } from "../system/until.ts";

vi.setConfig({ testTimeout: 240_000 });

/** How long a caller waits for the lock, and how long another program holds it: less than that, and far more. */
const SIZE = isFullSize
  ? { busyMs: 5_000, shortMs: 3_000, longMs: 30_000 }
  : { busyMs: 3_000, shortMs: 1_000, longMs: 5_000 };
/** The worker's lease is shorter than either. */
const LEASE_MS = 1_000;

let pipeline: Pipeline;
afterEach(() => pipeline.dispose());

function placeOrder(): Promise<Answer<OrderView>> {
  const items = [{ productId: "prod-2", quantity: 1 }];
  return pipeline.postOrder({ userId: "ada", items, paymentToken: "tok_ok" });
}

/**
 * Holds the write lock as another program would, and looks at the API's health all the while.
 * @returns how long each look took, in milliseconds, and what was begun meanwhile
 */
async function holdLock<Result>(
  forMs: number,
  meanwhile: () => Promise<Result>,
): Promise<{ readonly looks: readonly number[]; readonly result: Promise<Result> }> {
  const database = new Database(join(pipeline.folder, "shop.db"), { timeout: 10_000 });
  database.exec("BEGIN IMMEDIATE");
  const looks: number[] = [];
  const look = async (): Promise<void> => {
    const begin = performance.now();
    expect((await fetch(`${pipeline.apiUrl}/health`)).status).toBe(200);
    looks.push(performance.now() - begin);
  };
  try {
    const result = meanwhile();
    const end = performance.now() + forMs;
    while (performance.now() < end) {
      await look();
      await sleep(50);
    }
    return { looks, result };
  } finally {
    database.close();
  }
}

/** Starts the apps with an order whose invoice takes longer than the lock will be held. */
async function startWithJob(lockedMs: number): Promise<{ apps: readonly AppProcess[]; id: string }> {
  pipeline = await Pipeline.create({
    DATABASE_BUSY_MS: String(SIZE.busyMs),
    WORKER_LEASE_MS: String(LEASE_MS),
    SIM_PDF_MS: String(lockedMs),
  });
  const apps: AppProcess[] = [];
  for (const name of ["api", "worker", "scheduler"] as const) apps.push(await pipeline.start(name));
  const { id } = (await placeOrder()).body;
  await until(
    async () => (await invoiceOf(id))?.status === "processing",
    () => `the invoice to be under way\n${pipeline.tail()}`,
  );
  return { apps, id };
}

async function invoiceOf(id: string): Promise<OrderView["jobs"][number] | undefined> {
  return (await pipeline.order(id)).jobs.find(({ type }) => type === "generate_invoice");
}

/** Waits until the order is completed; its invoice must have run once, under one lease. */
async function expectRunOnce(apps: readonly AppProcess[], id: string): Promise<void> {
  await until(
    async () => (await pipeline.order(id)).status === "completed",
    () => `the order to be completed\n${pipeline.tail()}`,
  );
  expect(await invoiceOf(id)).toMatchObject({ status: "completed", attempts: 1 });
  const lost = apps.flatMap(({ lines }) => lines).filter(({ msg }) => String(msg).startsWith("lease lost"));
  expect(lost).toEqual([]);
  expect(apps.every(({ isRunning }) => isRunning)).toBe(true);
  expect(pipeline.rows("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
}

const worstOf = (looks: readonly number[]): string => `${Math.max(...looks).toFixed(0)} ms`;

it("R13: a write lock held for less than callers wait delays an order, refuses none and costs no lease", async () => {
  const { apps, id } = await startWithJob(SIZE.shortMs);
  const { looks, result } = await holdLock(SIZE.shortMs, placeOrder);
  const { status, body } = await result;
  expect(status).toBe(201);
  await expectRunOnce(apps, id);
  await expectRunOnce(apps, body.id);
  reportFigures({
    fault: "a foreign write lock under API, worker and scheduler, shorter than callers wait",
    size: `${SIZE.shortMs / 1_000} s, ${looks.length} looks at /health`,
    saw: { "orders refused": 0, "leases lost": 0, "slowest /health": worstOf(looks) },
  });
});

it("R22: a write lock held for longer than callers wait: 503 with Retry-After, and all goes on by itself", async () => {
  const { apps, id } = await startWithJob(SIZE.longMs);
  const { looks, result } = await holdLock(SIZE.longMs, placeOrder);
  const refused = await result;
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  const freed = performance.now();
  const { status, body } = await placeOrder();
  expect(status).toBe(201);
  const recoveredMs = performance.now() - freed;
  await expectRunOnce(apps, id);
  await expectRunOnce(apps, body.id);
  expect(pipeline.rows("SELECT original_job_id FROM dead_letter_jobs")).toEqual([]);
  expect(pipeline.rows("SELECT count(*) AS orders FROM orders")).toEqual([{ orders: 2 }]);
  reportFigures({
    fault: "a foreign write lock under API, worker and scheduler, longer than callers wait",
    size: `${SIZE.longMs / 1_000} s, ${looks.length} looks at /health`,
    saw: {
      "refused with 503": 1,
      "leases lost": 0,
      "slowest /health": worstOf(looks),
      "first order taken after": `${recoveredMs.toFixed(0)} ms`,
    },
  });
});
