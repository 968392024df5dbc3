import { expect, it } from "vitest";
import { openTestPage } from "./open-test-page.ts";

it("R26: edits a schedule, with a preview of its next five runs", async (context) => {
  const { admin, page, complaints } = await openTestPage(context, ({ queue }) =>
    queue.registerCron("daily_sales_report", "0 0 * * *", { payload: { day: "2026-01-01" } }),
  );
  await page.getByRole("button", { name: "Edit the schedule daily_sales_report" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("T00:00:00.000Z").nth(4).waitFor();
  const expression = dialog.getByLabel("Cron expression");
  await expression.fill("nonsense");
  await dialog.getByRole("alert").waitFor();
  expect(await dialog.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  await expression.fill("30 4 * * *");
  await dialog.getByText("T04:30:00.000Z").nth(4).waitFor();
  await dialog.getByLabel("Slots that nobody was there to take").selectOption("skip");
  await dialog.getByLabel("While its last job has not ended").selectOption("skip");
  await dialog.getByLabel("Payload").fill('{ "day": "2026-02-02" }');
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("daily_sales_report is changed").waitFor();
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  expect(await admin.queue.store.listSchedules()).toMatchObject([
    {
      expression: "30 4 * * *",
      catchUp: "skip",
      overlap: "skip",
      payload: { day: "2026-02-02" },
      version: 2,
    },
  ]);

  // Somebody else was quicker.
  await page.getByRole("button", { name: "Edit the schedule daily_sales_report" }).click();
  await dialog.getByText("T04:30:00.000Z").nth(4).waitFor();
  await admin.queue.editCron("daily_sales_report", { expression: "0 5 * * *" });
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByText("was changed meanwhile").waitFor();
  expect(await admin.queue.store.listSchedules()).toMatchObject([{ expression: "0 5 * * *", version: 3 }]);
  expect(complaints).toEqual([]);
});

it("R26: keeps bounds that it does not offer, and removes a schedule when that is confirmed", async (context) => {
  const catchUp = { all: { max: 7, maxAgeMs: 60_000 } };
  const { admin, page, complaints } = await openTestPage(context, ({ queue }) =>
    queue.registerCron("daily_sales_report", "0 0 * * *", { payload: { day: "2026-01-01" }, catchUp }),
  );
  await page.getByRole("button", { name: "Edit the schedule daily_sales_report" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("T00:00:00.000Z").nth(4).waitFor();
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("daily_sales_report is changed").waitFor();
  expect(await admin.queue.store.listSchedules()).toMatchObject([{ catchUp, overlap: "allow", version: 2 }]);

  await page.getByRole("button", { name: "Remove the schedule daily_sales_report" }).click();
  expect(await admin.queue.store.listSchedules()).toHaveLength(1);
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("The schedule daily_sales_report is removed").waitFor();
  expect(await admin.queue.store.listSchedules()).toEqual([]);
  expect(complaints).toEqual([]);
});
