import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { Pipeline } from "./pipeline.ts";
import { until } from "./until.ts";

// Each start of a process takes seconds on a busy machine, and each job of a killed worker runs in one of its own.
vi.setConfig({ testTimeout: 240_000 });

let pipeline: Pipeline;

beforeEach(async () => {
  const concurrency = isFullSize ? "10" : "3";
  pipeline = await Pipeline.create({
    WORKER_CONCURRENCY: concurrency,
    SIM_EMAIL_MS: "100",
    SIM_PDF_MS: "200",
    SIM_INVENTORY_MS: "50",
  });
});

afterEach(async () => {
  await pipeline.dispose();
});

async function placeOrders(count: number): Promise<void> {
  const placed = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      pipeline.postOrder({
        userId: `user-${n}`,
        items: [{ productId: "prod-2", quantity: 1 }],
        paymentToken: "tok_ok",
      }),
    ),
  );
  expect(placed.map(({ status }) => status)).toEqual(placed.map(() => 201));
}

function completedOrders(): number {
  return (
    pipeline.rows<{ n: number }>("SELECT count(*) AS n FROM orders WHERE status = 'completed'")[0]?.n ?? 0
  );
}

function stock(): unknown {
  return pipeline.rows("SELECT stock, reserved FROM products WHERE id = 'prod-2'")[0];
}

// A dozen processes start one after another: on a busy machine that alone takes longer than a test usually may.
const timeout = 300_000;

describe("workers that die", { timeout }, () => {
  it("R10, R13: workers killed by SIGKILL in the middle lose no job and finish none twice", async () => {
    const orders = isFullSize ? 30 : 12;
    await Promise.all([pipeline.start("api"), pipeline.start("scheduler")]);
    let workers = await Promise.all([pipeline.start("worker"), pipeline.start("worker")]);
    await placeOrders(orders);
    for (let round = 1; round <= 3; round++) {
      const done = completedOrders();
      await until(() => completedOrders() > done || done === orders, "some progress before the next kill");
      await Promise.all(workers.map((worker) => worker.end("SIGKILL")));
      workers = await Promise.all([pipeline.start("worker"), pipeline.start("worker")]);
    }
    await until(
      () => completedOrders() === orders,
      () => `all orders completed, have ${completedOrders()}\n${pipeline.tail()}`,
      180_000,
    );
    expect(stock()).toEqual({ stock: 100 - orders, reserved: 0 });
    const twice = pipeline.rows(
      `SELECT workflow_id, type FROM workflow_jobs WHERE type IN ('generate_invoice', 'sync_inventory')
       GROUP BY 1, 2 HAVING count(*) <> 1`,
    );
    expect(twice).toEqual([]);
    expect(pipeline.rows("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    reportFigures({
      fault: "SIGKILL of both workers of the shop",
      size: `${orders} orders of four jobs, 3 times`,
      saw: { "orders not completed": orders - completedOrders(), "steps done twice": twice.length },
    });
  });
});

describe("processes that are stopped", { timeout }, () => {
  it("R3: SIGTERM drains a worker: what runs completes, nothing is spent, and it exits 0", async () => {
    const [, worker] = await Promise.all([pipeline.start("api"), pipeline.start("worker")]);
    await placeOrders(10);
    await until(
      () => pipeline.rows("SELECT 1 FROM jobs WHERE status = 'processing'").length > 0,
      "jobs in the middle of their work",
    );
    expect(await worker.end("SIGTERM")).toBe(0);
    expect(pipeline.rows("SELECT id FROM jobs WHERE status = 'processing'")).toEqual([]);
    expect(pipeline.rows("SELECT * FROM attempt")).toEqual([]);
    await pipeline.start("worker");
    await until(
      () => completedOrders() === 10,
      () => `all orders completed\n${pipeline.tail()}`,
    );
  });

  it("all four exit 0 on SIGINT, sent twice as a terminal and a supervisor do", async () => {
    const apps = Object.values(await pipeline.startAll());
    const codes = await Promise.all(
      apps.map(async (app) => {
        app.signal("SIGINT");
        return await app.end("SIGINT");
      }),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
  });
});
