import { orderJobKey } from "@holdfast/job-schemas";
import { expect, it } from "vitest";
import { sendOrderConfirmation } from "../../src/jobs/send-order-confirmation.ts";

it("R23: a dead confirmation still gets the order its invoice and its goods, each once", () => {
  const payload = { orderId: "ord-7", userId: "u1" };
  const dead = {
    id: "j",
    type: "send_order_confirmation",
    payload,
    workflowId: "wf-1",
    attempts: 5,
    reason: "attempts_exhausted",
    error: "Error: mailbox full",
  } as const;
  expect(sendOrderConfirmation.onDead?.(dead)).toEqual([
    { type: "generate_invoice", payload, uniqueKey: "generate_invoice:ord-7" },
    { type: "sync_inventory", payload, uniqueKey: "sync_inventory:ord-7" },
  ]);
});

it("two steps of one order and one step of two orders have different keys", () => {
  const keys = [
    orderJobKey("generate_invoice", "ord-1"),
    orderJobKey("sync_inventory", "ord-1"),
    orderJobKey("generate_invoice", "ord-2"),
  ];
  expect(new Set(keys).size).toBe(3);
});
