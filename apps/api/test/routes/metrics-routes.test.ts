import { createQueue, defineJob } from "@holdfast/queue-core";
import { expect, it } from "vitest";
import { z } from "zod";
import { goodOrder, openTestApi } from "../open-test-api.ts";

it("design: GET /metrics tells a scraper how the queue, the log and this process are", async () => {
  const api = await openTestApi();
  await api.post("/orders", goodOrder);
  api.clock.advance(90_000);
  const { status, headers, body } = await api.get("/metrics");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(body.split("\n")).toEqual(
    expect.arrayContaining([
      'holdfast_jobs{type="send_order_confirmation",status="pending"} 1',
      'holdfast_jobs{type="send_followup_email",status="scheduled"} 1',
      "holdfast_oldest_pending_seconds 90",
      "holdfast_dead_letters_unreviewed 0",
      'holdfast_http_requests_total{method="POST",status="201"} 1',
    ]),
  );
  const bytes = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(body)?.[1]);
  expect(bytes("holdfast_wal_bytes")).toBeGreaterThan(0);
  expect(bytes("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
});

it("tells of jobs that wait for a worker of a newer deploy", async () => {
  const api = await openTestApi();
  const payload = z.object({});
  const newer = defineJob("process_order", { payload, version: 2, upcasters: { 1: () => ({}) } });
  await createQueue({ store: api.shop.store, jobs: [newer] }).enqueue("process_order", {});
  const { body } = await api.get("/metrics");
  expect(body).toContain('holdfast_unread_jobs{type="process_order",version="2",key=""} 1\n');
});

it("is closed to those without a key where keys are asked for", async () => {
  const api = await openTestApi({ apiKeys: ["key-of-the-scraper"] });
  expect((await api.get("/metrics")).status).toBe(401);
  expect((await api.get("/openapi.json")).status).toBe(401);
  expect((await api.get("/metrics", { authorization: "Bearer key-of-the-scraper" })).status).toBe(200);
});
