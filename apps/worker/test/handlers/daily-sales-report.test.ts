import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openTestWorker, type TestWorker } from "../open-test-worker.ts";

const variables = { REPORT_TO: "boss@example.com", SCHEDULE_TZ: "America/New_York" };

/** The instants of New York's midnights, which lie five hours behind UTC in January. */
const MIDNIGHT = Date.UTC(2026, 0, 11, 5);

async function reportAt(test: TestWorker, delayMs: number) {
  test.clock.setWall(MIDNIGHT - 60_000);
  await test.shop.queue.registerCron("daily_sales_report", "0 0 * * *", { timeZone: "America/New_York" });
  await test.order();
  await test.reaches("notify_warehouse", "completed");
  test.clock.advance(60_000 + delayMs);
  await test.shop.queue.runDueCronJobs();
  return await test.reaches("daily_sales_report", "completed");
}

it.each([
  ["on time", 0],
  ["nine hours late", 9 * 3_600_000],
])("R23: made %s it covers the day before its slot, in the schedule's zone", async (_, delayMs) => {
  const test = await openTestWorker({ variables });
  const path = join(test.folder, "data/reports/sales-2026-01-10.csv");
  expect(await reportAt(test, delayMs)).toMatchObject({ result: { day: "2026-01-10", path } });
  expect(existsSync(path)).toBe(true);
  const mail = (await test.outbox()).find(({ subject }) => subject?.startsWith("Sales of"));
  expect(mail).toMatchObject({
    subject: "Sales of 2026-01-10: $179.98",
    to: [{ address: "boss@example.com" }],
  });
  expect(mail?.text).toContain("1 paid order, $179.98 in all.");
  expect(mail?.text).toContain("2 × Mechanical Keyboard: $179.98");
});

it("R23: asked for by an operator it covers the day that is named", async () => {
  const test = await openTestWorker({ variables });
  const { id } = await test.shop.queue.enqueue("daily_sales_report", { day: "2025-12-24" });
  expect(await test.reaches("daily_sales_report", "completed")).toMatchObject({
    result: { day: "2025-12-24" },
  });
  const [told] = await test.shop.queue.reports(id);
  expect(told).toMatchObject({ attempt: 1, progress: 100 });
  expect(told?.log).toMatch(/ info report written .*2025-12-24.*\n.* info report sent .*boss@example\.com/);
});

it("R23: a run that is repeated past midnight still reports the same day", async () => {
  let isMailDown = true;
  const test = await openTestWorker({
    variables,
    services: (services) => ({
      ...services,
      mailer: {
        ...services.mailer,
        send: (message, options) =>
          isMailDown
            ? Promise.reject(new Error("the mail server is down"))
            : services.mailer.send(message, options),
      },
    }),
  });
  test.clock.setWall(MIDNIGHT - 10_000);
  await test.shop.queue.enqueue("daily_sales_report", {});
  await test.reaches("daily_sales_report", "scheduled");
  isMailDown = false;
  test.clock.advance(60_000);
  expect(await test.reaches("daily_sales_report", "completed")).toMatchObject({
    result: { day: "2026-01-09" },
  });
});
