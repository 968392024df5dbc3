import { jobs } from "@holdfast/job-schemas";
import { expect, it } from "vitest";
import { HANDLED_TYPES } from "../src/handlers.ts";
import { openTestWorker } from "./open-test-worker.ts";

it("R23: every job type of the catalog has a handler", () => {
  expect([...HANDLED_TYPES].sort()).toEqual(jobs.map(({ type }) => type).sort());
});

it("a worker of some types leaves the others alone", async () => {
  const test = await openTestWorker({ types: ["send_order_confirmation", "reconcile_payments"] });
  await test.order();
  await test.reaches("send_order_confirmation", "completed");
  // Added after the invoice's job, so once it has run the worker has passed that one over.
  await test.shop.queue.enqueue("reconcile_payments", {});
  await test.reaches("reconcile_payments", "completed");
  expect(await test.jobsOf("generate_invoice")).toMatchObject([{ status: "pending" }]);
});

it.each([
  "send_order_confirmation",
  "generate_invoice",
  "sync_inventory",
  "send_followup_email",
  "process_order",
] as const)("%s of an order that does not exist is given up at once", async (type) => {
  const test = await openTestWorker();
  await test.shop.queue.enqueue(type, { orderId: "ord-none", userId: "u1" });
  expect(await test.dies(type)).toMatchObject({
    reason: "not_retryable",
    attempts: 1,
    lastError: expect.stringContaining('no order "ord-none"'),
  });
});
