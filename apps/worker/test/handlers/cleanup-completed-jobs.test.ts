import { expect, it } from "vitest";
import { openTestWorker } from "../open-test-worker.ts";

const DAY_MS = 24 * 60 * 60_000;

it("R20: the cleanup deletes what is past its type's retention and keeps the rest", async () => {
  const test = await openTestWorker();
  await test.shop.queue.enqueue("daily_sales_report", { day: "2025-12-24" });
  await test.reaches("daily_sales_report", "completed");
  await test.shop.queue.enqueue("reconcile_payments", {});
  await test.reaches("reconcile_payments", "completed");

  test.clock.advance(2 * DAY_MS);
  const first = await test.shop.queue.enqueue("cleanup_completed_jobs", {});
  const result = (id: string) =>
    test.until(async () => {
      const job = await test.shop.store.getJob(id);
      return job?.status === "completed" ? job.result : undefined;
    });
  expect(await result(first.id)).toEqual({ deleted: 1 });
  expect(await test.jobsOf("reconcile_payments")).toEqual([]);
  expect(await test.jobsOf("daily_sales_report")).toHaveLength(1);

  test.clock.advance(6 * DAY_MS);
  const second = await test.shop.queue.enqueue("cleanup_completed_jobs", {});
  expect(await result(second.id)).toEqual({ deleted: 1 });
  expect(await test.jobsOf("daily_sales_report")).toEqual([]);
});
