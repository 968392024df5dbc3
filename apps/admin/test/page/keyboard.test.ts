import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { makeDeadLetter } from "../open-test-admin.ts";
import { openTestPage } from "./open-test-page.ts";

/** What has the focus, by the name that it is read out with. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const { activeElement: it } = document;
    return it === document.body ? "nothing" : it.getAttribute("aria-label") ?? it.id + it.textContent;
  })()`);

async function press(place: Locator, key = "Enter"): Promise<void> {
  await place.focus();
  await place.page().keyboard.press(key);
}

describe("R26: the dashboard by keyboard alone", () => {
  it("stays where it is while something is done, and goes to what is nearest when that is gone", async (context) => {
    const { page, complaints } = await openTestPage(context, async ({ queue }) => {
      await queue.enqueue("sync_inventory", { orderId: "ord-1", userId: "u" });
      await queue.syncLimits({ sync_inventory: { concurrency: 3 } });
    });
    const told = (text: string) => page.locator(".announcement .notice", { hasText: text }).waitFor();
    const named = (name: string) => page.getByRole("button", { name });

    await press(named("Pause sync_inventory"), "Space");
    await told("sync_inventory is paused");
    await expect.poll(() => focused(page)).toBe("Resume sync_inventory");
    await press(named("Lift the limit sync_inventory"));
    await told("The limit sync_inventory is lifted");
    await expect.poll(() => focused(page)).toBe("Edit the limit sync_inventory");
    await press(named("Dismiss"));
    await expect.poll(() => focused(page)).toBe("Edit the limit sync_inventory");
    await press(page.locator("#jobs summary"));
    await press(page.locator("#jobs").getByRole("button", { name: "Cancel…" }));
    expect(await focused(page)).toBe("Leave it");
    await press(named("Cancel the job"));
    await page.locator("#jobs summary .badge", { hasText: "cancelled" }).waitFor();
    await expect.poll(() => focused(page)).toBe("Watch its events");
    expect(complaints).toEqual([]);
  });

  it("comes back from each dialog to the button that opened it, however it is left", async (context) => {
    const { page } = await openTestPage(context, async ({ queue }) => {
      await makeDeadLetter(queue);
      await queue.setLimit("sync_inventory", { concurrency: 3 });
      await queue.registerCron("daily_sales_report", "0 0 * * *");
    });
    const dialog = page.getByRole("dialog");
    for (const name of [
      "Retry all…",
      "Set a limit…",
      "Edit the limit sync_inventory",
      "Set a weight…",
      "Edit the schedule daily_sales_report",
      "Remove the schedule daily_sales_report",
    ]) {
      const opener = page.getByRole("button", { name });
      for (const leave of [
        () => page.keyboard.press("Escape"),
        () => press(dialog.getByRole("button", { name: "Leave it" })),
      ]) {
        await press(opener);
        await dialog.waitFor();
        await leave();
        await dialog.waitFor({ state: "detached" });
        expect(await opener.evaluate((each) => each.matches(":focus")), name).toBe(true);
      }
    }
    await press(page.getByRole("button", { name: "Edit the limit sync_inventory" }));
    await dialog.getByLabel("Jobs that may run at a time").first().fill("4");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    await expect.poll(() => focused(page)).toBe("Edit the limit sync_inventory");

    await press(page.getByRole("button", { name: "Edit the schedule daily_sales_report" }));
    await dialog.getByLabel("Cron expression").fill("99 * *");
    await dialog.getByText("five fields").waitFor();
    await page.keyboard.press("Enter");
    expect(await dialog.getByText("five fields").count(), "what cannot be saved was sent by Enter").toBe(1);
    await page.keyboard.press("Escape");
    await press(page.getByRole("button", { name: "Remove the schedule daily_sales_report" }));
    await press(dialog.getByRole("button", { name: "Remove" }));
    await page.getByText("No schedule is registered").waitFor();
    await expect.poll(() => focused(page)).toBe("schedules-headingSchedules");
  });

  it("never goes under the bar that stays at the top", async (context) => {
    const { page } = await openTestPage(
      context,
      async ({ queue }) => {
        for (let n = 0; n < 20; n += 1) await makeDeadLetter(queue, { orderId: `ord-${n}` });
      },
      { viewport: { width: 1_280, height: 400 } },
    );
    const bar = await page.locator(".top").evaluate((each) => each.getBoundingClientRect().bottom);
    await page.locator("#dead-letters summary").last().focus();
    for (let n = 0; n < 15; n += 1) {
      await page.keyboard.press("Shift+Tab");
      const top = await page.locator(":focus").evaluate((each) => each.getBoundingClientRect().top);
      expect(top).toBeGreaterThanOrEqual(bar);
    }
  });

  it("edits, saves and discards dead letters one after the other", async (context) => {
    const { page } = await openTestPage(context, async ({ queue }) => {
      for (const orderId of ["ord-1", "ord-2"])
        await makeDeadLetter(queue, { orderId }, new Error(`no ${orderId}`));
    });
    const item = page.locator("#dead-letters .item").first();
    const named = (name: string) => item.getByRole("button", { name });
    await press(item.locator("summary"));
    await press(named("Mark as reviewed"));
    await item.locator(".badge", { hasText: "reviewed" }).waitFor();
    await expect.poll(() => focused(page)).toContain("Mark as not reviewed");
    await press(named("Edit payload"));
    await expect.poll(() => focused(page)).toMatch(/^payload-/);
    await press(named("Keep as it was"));
    await expect.poll(() => focused(page)).toContain("no ord-2");
    await press(named("Edit payload"));
    await press(named("Save payload"));
    await item.getByText("Payload saved").waitFor();
    await expect.poll(() => focused(page)).toContain("no ord-2");
    await press(named("Discard"));
    await page.locator(".announcement .notice", { hasText: "was discarded" }).waitFor();
    await expect.poll(() => focused(page)).toContain("no ord-1");
    // Undo is far away by Tab; its keys are those of every editor, and a field's own while one is in it.
    await page.getByLabel("Search in errors").press("Control+z");
    expect(await page.getByRole("button", { name: "Undo" }).count()).toBe(1);
    await press(page.locator("#dead-letters summary"), "Control+z");
    await page.locator("#dead-letters summary", { hasText: "no ord-2" }).waitFor();
    expect(await page.locator("#dead-letters .item").count()).toBe(2);
  });
});
