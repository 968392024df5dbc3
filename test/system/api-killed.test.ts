import { setTimeout as sleep } from "node:timers/promises";
import { jobs, limits } from "@holdfast/job-schemas";
import { createQueue } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { seededRandom, seedOfRun } from "@holdfast/queue-core/testing";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import type { AppProcess } from "./app-process.ts";
import { Pipeline } from "./pipeline.ts";
import { reconcileNow } from "./shop-time.ts";
import { until } from "./until.ts";

const KILLS = isFullSize ? 200 : 8;
const TIMEOUT_MS = isFullSize ? 1_800_000 : 600_000;
const BUYERS = 6;
const OPEN = "status IN ('pending', 'payment_unknown')";

let pipeline: Pipeline;

beforeEach(async () => {
  // A charge takes long enough for kills to fall between the two transactions around it.
  pipeline = await Pipeline.create({ SIM_PAYMENT_MS: "30" });
});

afterEach(async () => {
  await pipeline.dispose();
});

function count(sql: string): number {
  return pipeline.rows<{ n: number }>(`SELECT count(*) AS n FROM ${sql}`)[0]?.n ?? 0;
}

/** As an operator does who has much to catch up on: the shop's own limits let a job a second through. */
async function raiseLimits(): Promise<void> {
  const store = await openSqliteStore({ path: `${pipeline.folder}/shop.db` });
  const queue = createQueue({ store, jobs });
  for (const name of Object.keys(limits)) await queue.setLimit(name, { concurrency: 1_000 });
  await store.close();
}

/** Buys until it is told to stop; returns the orders that were acknowledged as paid. */
async function buy(random: () => number, stopped: () => boolean): Promise<string[]> {
  const paid: string[] = [];
  while (!stopped()) {
    try {
      const { status, body } = await pipeline.postOrder({
        userId: "buyer",
        items: [{ productId: random() < 0.5 ? "prod-1" : "prod-2", quantity: 1 }],
        paymentToken: random() < 0.2 ? "tok_declined" : "tok_ok",
      });
      if (status === 201) paid.push(body.id);
      // Sold out: nothing more to learn by buying faster.
      if (status === 409) await sleep(20);
    } catch {
      // The API was killed under this request: whether the order exists is what the test looks at.
      await sleep(20);
    }
  }
  return paid;
}

async function stockUp(): Promise<void> {
  // Enough for every buyer until the end, or most requests would be refusals.

  const database = new Database(`${pipeline.folder}/shop.db`, { timeout: 10_000 });
  database.exec("UPDATE products SET stock = 100000");
  database.close();
}

it(
  `R22: the API killed ${KILLS} times under load leaves order and jobs together, every order closed`,
  async () => {
    const seed = seedOfRun("api-killed");
    const random = seededRandom(seed);
    let api: AppProcess = await pipeline.start("api");
    await stockUp();
    let stopped = false;
    const buyers = Array.from({ length: BUYERS }, () => buy(random, () => stopped));
    for (let kill = 1; kill <= KILLS; kill++) {
      const before = count("orders");
      await until(
        () => count("orders") > before,
        () => `orders after kill ${kill}\n${pipeline.tail()}`,
      );
      await sleep(random() * 150);
      await api.end("SIGKILL");
      api = await pipeline.start("api");
    }
    stopped = true;
    const paid = (await Promise.all(buyers)).flat();

    // An acknowledged order is paid and has its jobs; no other order has any.
    const stored = new Set(
      pipeline.rows<{ id: string }>("SELECT id FROM orders WHERE status = 'paid'").map(({ id }) => id),
    );
    const lost = paid.filter((id) => !stored.has(id));
    expect(lost).toEqual([]);
    const withJobs = "SELECT workflow_id FROM workflow_jobs WHERE type = 'send_order_confirmation'";
    expect(count(`orders WHERE status = 'paid' AND workflow_id NOT IN (${withJobs})`)).toBe(0);
    expect(count(`orders WHERE status <> 'paid' AND workflow_id IN (${withJobs})`)).toBe(0);
    const left = count(`orders WHERE ${OPEN}`);

    // The reconciler asks the gateway about what the kills left open.
    await raiseLimits();
    await Promise.all([pipeline.start("worker"), reconcileNow(pipeline)]);
    await until(
      () => count(`orders WHERE ${OPEN}`) === 0,
      () => `no order is open any more\n${pipeline.tail()}`,
    );
    await until(
      () => count("orders WHERE status = 'paid'") === 0,
      () =>
        `every paid order is completed, ${count("orders WHERE status = 'paid'")} are not\n${pipeline.tail()}`,
      TIMEOUT_MS,
    );

    const [totals] = pipeline.rows<{ sold: number; gone: number; reserved: number }>(
      `SELECT (SELECT sum(quantity) FROM order_items JOIN orders ON orders.id = order_id
         WHERE orders.status = 'completed') AS sold,
        (SELECT 200000 - sum(stock) FROM products WHERE id IN ('prod-1', 'prod-2')) AS gone,
        (SELECT sum(reserved) FROM products) AS reserved`,
    );
    expect(totals).toEqual({ sold: totals?.gone, gone: totals?.gone, reserved: 0 });
    // Money and orders agree: every charge that went through has its completed order, and none has two.
    const charges = count("simulated_charges WHERE outcome = 'succeeded' AND is_refunded = 0");
    const completed = count("orders WHERE status = 'completed'");
    expect(charges).toBe(completed);
    expect(pipeline.rows("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    reportFigures({
      fault: "SIGKILL of the API under load",
      size: `${KILLS} kills, ${paid.length} acknowledged orders of ${count("orders")}`,
      seed,
      saw: {
        "acknowledged and lost": lost.length,
        "left open by a kill, closed by the reconciler": left,
        "charges without their order": charges - completed,
      },
    });
  },
  TIMEOUT_MS,
);
