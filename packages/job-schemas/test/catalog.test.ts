import { readdirSync } from "node:fs";
import { jobs, limits } from "@holdfast/job-schemas";
import { type JobDefinition, PRIORITY } from "@holdfast/queue-core/define";
import { describe, expect, it } from "vitest";

const byType = new Map<string, JobDefinition>(jobs.map((job) => [job.type, job]));
const fits = (type: string, payload: unknown): boolean => {
  const checked = byType.get(type)!.payload["~standard"].validate(payload);
  return !(checked instanceof Promise) && !checked.issues;
};

describe("the catalog", () => {
  it("R23: has a job type for each file in src/jobs and nothing else", () => {
    const files = readdirSync(new URL("../src/jobs/", import.meta.url));
    expect([...byType.keys()].sort()).toEqual(
      files.map((f) => f.replace(/\.ts$/, "").replaceAll("-", "_")).sort(),
    );
    expect([...byType.keys()].sort()).toEqual([
      "cleanup_completed_jobs",
      "daily_sales_report",
      "generate_invoice",
      "notify_warehouse",
      "process_order",
      "reconcile_payments",
      "send_followup_email",
      "send_order_confirmation",
      "send_webhook",
      "sync_inventory",
    ]);
  });

  it("R12: both kinds of mail share one limit, webhooks and inventory have their own", () => {
    const limited = jobs.filter((job) => job.limit !== null).map((job) => [job.type, job.limit]);
    expect(Object.fromEntries(limited)).toEqual({
      send_order_confirmation: "email",
      send_followup_email: "email",
      send_webhook: "webhook",
      sync_inventory: "inventory",
    });
    expect(new Set(Object.keys(limits))).toEqual(new Set(limited.map(([, limit]) => limit)));
  });

  it("R23: a confirmation goes before invoices, a follow-up mail after them", () => {
    expect(byType.get("send_order_confirmation")!.priority).toBe(PRIORITY.HIGH);
    expect(byType.get("generate_invoice")!.priority).toBe(PRIORITY.NORMAL);
    expect(byType.get("send_followup_email")!.priority).toBe(PRIORITY.LOW);
  });

  it("R5: no wait between two attempts exceeds an hour, and later waits are never bounded tighter", () => {
    for (const { retry } of jobs) {
      const bounds = Array.from({ length: retry.attempts - 1 }, (_, i) => retry.backoff.boundMs(i + 1));
      expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
      expect(bounds.at(-1)!).toBeLessThanOrEqual(3_600_000);
    }
  });
});

describe("payloads", () => {
  const orderSteps = jobs
    .map((job) => job.type)
    .filter((type) => fits(type, { orderId: "ord-1", userId: "u1" }));

  it.each([
    "send_order_confirmation",
    "generate_invoice",
    "sync_inventory",
    "notify_warehouse",
    "send_followup_email",
    "process_order",
  ])("R4: %s names an order and its user, and nothing less", (type) => {
    expect(orderSteps).toContain(type);
    for (const bad of [
      {},
      null,
      "ord-1",
      { orderId: "ord-1" },
      { orderId: "", userId: "u" },
      { orderId: 1, userId: "u" },
    ]) {
      expect(fits(type, bad)).toBe(false);
    }
  });

  it("R4: a webhook names its delivery", () => {
    expect(fits("send_webhook", { deliveryId: "dlv-1" })).toBe(true);
    expect(fits("send_webhook", { orderId: "ord-1" })).toBe(false);
  });

  it("R4: scheduled types run on an empty payload; a report may name a real day", () => {
    for (const type of ["daily_sales_report", "cleanup_completed_jobs", "reconcile_payments"]) {
      expect(fits(type, {})).toBe(true);
      expect(fits(type, null)).toBe(false);
    }
    expect(fits("daily_sales_report", { day: "2026-02-28" })).toBe(true);
    expect(fits("daily_sales_report", { day: "2026-02-30" })).toBe(false);
  });
});
