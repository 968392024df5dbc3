import { systemClock } from "@holdfast/queue-core";
import type { Page } from "playwright-core";

import { describe, expect, it } from "vitest";
import { makeDeadLetter } from "../open-test-admin.ts";
import { openTestPage } from "./open-test-page.ts";

/** Lays the n-th dead letter open. */
async function open(page: Page, index = 0): Promise<void> {
  await page.locator("#dead-letters summary").nth(index).click();
  await page.locator("#dead-letters .item").nth(index).locator(".body").waitFor();
}

const items = (page: Page) => page.locator("#dead-letters .item");

describe("R26: dead letters on the dashboard", () => {
  it("shows payload, error and history, and retries with one press", async (context) => {
    const { admin, page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
    await open(page);
    const text = await items(page).innerText();
    for (const word of ["out of attempts", "the disk is full", '"orderId": "ord-1"', "worker-1"])
      expect(text).toContain(word);
    await page.getByRole("button", { name: "Retry", exact: true }).click();
    await items(page).waitFor({ state: "detached" });
    await page.locator(".announcement .notice", { hasText: "generate_invoice is pending again" }).waitFor();
    expect((await admin.queue.stats()).queue).toMatchObject({ pending: 1, failed: 0 });
  });

  it("finds them by reason and by text in their error, and retries what was found", async (context) => {
    const { admin, page, complaints } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
    await items(page).waitFor();
    const search = page.getByLabel("Search in errors");
    await search.fill("no such address");
    await search.press("Enter");
    await page.getByText("No dead letter matches.").waitFor();
    await search.fill("disk is");
    await search.press("Enter");
    await items(page).waitFor();
    await page.locator("#dead-letters").getByLabel("Reason").selectOption("expired");
    await page.getByText("No dead letter matches.").waitFor();
    await page.locator("#dead-letters").getByLabel("Reason").selectOption("attempts_exhausted");
    await items(page).waitFor();
    await page.getByRole("button", { name: "Retry all…" }).click();
    await page.getByText("whose error says “disk is”").waitFor();
    await page.getByRole("button", { name: "Retry all", exact: true }).click();
    await items(page).waitFor({ state: "detached" });
    expect((await admin.queue.stats()).queue).toMatchObject({ pending: 1, failed: 0 });
    expect(complaints).toEqual([]);
  });

  it("moves the focus to the next one when one leaves the list", async (context) => {
    const { page } = await openTestPage(context, async ({ queue }) => {
      await makeDeadLetter(queue, { orderId: "a" });
      await makeDeadLetter(queue, { orderId: "b" });
    });
    await open(page, 0);
    await page.getByRole("button", { name: "Retry", exact: true }).press("Enter");
    await items(page).nth(1).waitFor({ state: "detached" });
    // The focus goes there once what is laid open has been read again, which is a moment later.
    const place = "document.activeElement.parentElement?.parentElement?.className";
    await expect.poll(() => page.evaluate(place)).toBe("items");
    await page.keyboard.press("Enter");
    await page.locator("#dead-letters .item[open] .body").waitFor();
    expect(await items(page).innerText()).toContain('"orderId": "a"');
  });

  it("says at the foot of the page that one is gone, and asks for it no longer", async (context) => {
    const { admin, page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
    await open(page);
    const { items: stored } = await admin.queue.store.listDeadLetters({ limit: 1 });
    const id = stored[0]?.id ?? "";
    // The list stays as it was until the numbers come again.
    await page.route("**/admin/queue/stats", (route) => route.abort());
    await admin.queue.store.revive(id);
    await page.getByRole("button", { name: "Retry", exact: true }).click();
    await page.locator(".announcement .notice.failed", { hasText: "Not done" }).waitFor();
    await page.unroute("**/admin/queue/stats");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const look = async () => {
      const seen = page.waitForRequest((request) => request.url().includes("/admin/dead-letters?"));
      await page.getByRole("button", { name: "Unreviewed only" }).click();
      await seen;
    };
    await look();
    await items(page).waitFor({ state: "detached" });
    await page.locator(".announcement .notice", { hasText: "Not done" }).waitFor();
    await look();
    asked.length = 0;
    await look();
    expect(asked.filter((address) => address.includes(id))).toEqual([]);
  });

  it("discards with one press, and Undo takes it back", async (context) => {
    const { admin, page, complaints } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
    await open(page);
    await page.getByRole("button", { name: "Discard", exact: true }).click();
    await items(page).waitFor({ state: "detached" });
    expect((await admin.queue.stats()).queue.failed).toBe(0);
    await page.locator(".announcement .notice", { hasText: "generate_invoice was discarded" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await items(page).waitFor();
    expect((await admin.queue.stats()).queue.failed).toBe(1);
    await page.getByText("generate_invoice is a dead letter again").waitFor();
    await page.getByRole("button", { name: "Dismiss" }).click();
    await page.locator(".told").waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
  });

  it("shows what was discarded, to put back or to delete for good, which it asks about", async (context) => {
    const { admin, page } = await openTestPage(context, async ({ queue }) => {
      const audit = { actor: "ann", action: "discard", subject: "a dead letter", detail: null };
      for (const orderId of ["a", "b"])
        await queue.store.discard((await makeDeadLetter(queue, { orderId })).id, audit);
    });
    const discarded = page.locator(".discarded .item");
    await page.getByRole("button", { name: "Show discarded" }).click();
    await discarded.nth(1).waitFor();
    await discarded.first().locator("summary").click();
    expect(await discarded.first().innerText()).toContain('"orderId": "b"');
    await discarded.first().getByRole("button", { name: "Delete for good…" }).click();
    await page.getByRole("button", { name: "Leave it" }).click();
    expect((await admin.queue.store.listDiscarded({ limit: 9 })).items).toHaveLength(2);
    await discarded.first().getByRole("button", { name: "Delete for good…" }).click();
    await page.getByRole("dialog").getByText("This cannot be undone.").waitFor();
    await page.getByRole("button", { name: "Delete for good", exact: true }).click();
    await discarded.nth(1).waitFor({ state: "detached" });
    await discarded.first().locator("summary").click();
    await page.getByRole("button", { name: "Put back" }).click();
    await page.getByText("None. What is discarded").waitFor();
    const { items: left } = await admin.queue.store.listDeadLetters({ limit: 9 });
    expect(left).toMatchObject([{ payload: { orderId: "a" } }]);
  });

  it("marks as reviewed, keeps a note, and filters by both", async (context) => {
    const { admin, page } = await openTestPage(context, async ({ queue }) => {
      await makeDeadLetter(queue, { orderId: "a" });
      await makeDeadLetter(queue, { orderId: "b" });
    });
    await open(page, 0);
    await page.getByLabel("Note").fill("asked the provider");
    await page.getByRole("button", { name: "Save note" }).click();
    await page.getByText("Note saved").waitFor();
    await page.getByRole("button", { name: "Mark as reviewed" }).click();
    await page.getByRole("button", { name: "Mark as not reviewed" }).waitFor();
    const { items: stored } = await admin.queue.store.listDeadLetters({ limit: 1 });
    expect(stored[0]).toMatchObject({ reviewed: true, notes: "asked the provider" });
    await page.getByRole("button", { name: "Unreviewed only" }).click();
    await items(page).nth(1).waitFor({ state: "detached" });
    expect(await items(page).count()).toBe(1);
  });

  it("edits the payload, and names the fields that the type refuses", async (context) => {
    const { admin, page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
    await open(page);
    await page.getByRole("button", { name: "Edit payload" }).click();
    const field = page.getByRole("textbox", { name: "Payload" });
    const save = page.getByRole("button", { name: "Save payload" });
    expect(await page.getByRole("button", { name: "Retry", exact: true }).isDisabled()).toBe(true);
    await field.fill("{");
    await save.click();
    await page.getByRole("alert").filter({ hasText: "This is no JSON" }).waitFor();
    await field.fill('{ "orderId": 7 }');
    await save.click();
    await page.getByRole("alert").filter({ hasText: "payload.orderId" }).waitFor();
    await field.fill('{ "orderId": "ord-2", "userId": "user-2" }');
    await save.click();
    await page.getByText("Payload saved").waitFor();
    const { items: stored } = await admin.queue.store.listDeadLetters({ limit: 1 });
    expect(stored[0]?.payload).toEqual({ orderId: "ord-2", userId: "user-2" });
    await expect.poll(() => items(page).innerText()).toContain('"ord-2"');
  });

  it("leaves no complaint behind when an edit is given up", async (context) => {
    const { page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
    await open(page);
    await page.getByRole("button", { name: "Edit payload" }).click();
    await page.getByRole("textbox", { name: "Payload" }).fill("{");
    await page.getByRole("button", { name: "Save payload" }).click();
    const complaint = items(page).getByRole("alert");
    await complaint.waitFor();
    await page.getByRole("button", { name: "Keep as it was" }).click();
    await complaint.waitFor({ state: "detached" });
    expect(await page.getByRole("button", { name: "Retry", exact: true }).isEnabled()).toBe(true);
  });

  it("retries all that fit the filter, once confirmed", async (context) => {
    const { admin, page } = await openTestPage(context, async ({ queue }) => {
      for (const orderId of ["a", "b", "c"]) await makeDeadLetter(queue, { orderId });
    });
    await page.getByRole("button", { name: "Retry all…" }).click();
    await page.getByRole("button", { name: "Retry all", exact: true }).click();
    await items(page).first().waitFor({ state: "detached" });
    expect((await admin.queue.stats()).queue).toMatchObject({ pending: 3, failed: 0 });
    await page.locator(".announcement .notice", { hasText: "3 jobs are pending again" }).waitFor();
  });

  it("retries at a pace, and says before how many there are and how long that takes", async (context) => {
    const { admin, page, complaints } = await openTestPage(context, async ({ queue }) => {
      for (const orderId of ["a", "b", "c"]) await makeDeadLetter(queue, { orderId });
    });
    await page.getByRole("button", { name: "Retry all…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("3 go back to the queue").waitFor();
    const pace = dialog.getByLabel("How many a minute");
    const retry = dialog.getByRole("button", { name: "Retry all" });
    await pace.fill("0.5");
    await dialog.getByText("A whole number from 1 to 60,000").waitFor();
    expect(await retry.isDisabled()).toBe(true);
    await pace.fill("2");
    await dialog.getByText("The first runs now, the last in about 1 min").waitFor();
    await retry.click();
    await items(page).first().waitFor({ state: "detached" });
    await page.locator(".announcement .notice", { hasText: "3 jobs are back" }).waitFor();
    const { pending, scheduled } = (await admin.queue.stats()).queue;
    expect({ pending, scheduled }).toEqual({ pending: 1, scheduled: 2 });
    expect(complaints).toEqual([]);
  });

  it("finds them by the time they were given up at, in the reader's own zone", async (context) => {
    const { page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue), {
      timezoneId: "Asia/Tokyo",
    });
    await items(page).waitFor();
    const inTokyo = (offsetMs: number) =>
      new Date(systemClock.now() + 9 * 3_600_000 + offsetMs).toISOString().slice(0, 16);
    const time = page.locator("#dead-letters").getByLabel("Given up");
    await time.selectOption("last hour");
    await page.getByRole("button", { name: "Retry all…" }).click();
    const now = `given up from ${inTokyo(-3_600_000).slice(0, 10)}`;
    await page.getByRole("dialog").getByText(now).waitFor();
    await page.getByRole("dialog").getByText("1 goes back").waitFor();
    await page.getByRole("button", { name: "Leave it" }).click();
    await time.selectOption("between…");
    const [from, before] = [page.getByLabel("Given up from"), page.getByLabel("before", { exact: true })];
    await from.fill(inTokyo(3_600_000));
    await from.blur();
    await page.getByText("No dead letter matches.").waitFor();
    await from.fill(inTokyo(-3_600_000));
    await from.blur();
    await items(page).waitFor();
    await before.fill(inTokyo(-1_800_000));
    await before.blur();
    await page.getByText("No dead letter matches.").waitFor();
    await page.getByRole("button", { name: "Retry all…" }).click();
    await page.getByRole("dialog").getByText("None of them can be retried.").waitFor();
    expect(await page.getByRole("dialog").getByRole("button", { name: "Retry all" }).isDisabled()).toBe(true);
  });

  it("works by keyboard alone", async (context) => {
    const { admin, page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
    await page.locator("#dead-letters-heading").focus();
    const name = () => page.evaluate("document.activeElement.textContent");
    const tabTo = async (wanted: RegExp) => {
      for (let presses = 0; presses < 10 && !wanted.test(String(await name())); presses += 1)
        await page.keyboard.press("Tab");
    };
    await tabTo(/^generate_invoice/);
    await page.keyboard.press("Enter");
    await page.locator("#dead-letters .body").waitFor();
    await tabTo(/^Retry$/);
    await page.keyboard.press("Space");
    await items(page).waitFor({ state: "detached" });
    expect((await admin.queue.stats()).queue.pending).toBe(1);
  });

  it("shows more than the first page on demand", async (context) => {
    const { page } = await openTestPage(context, async ({ queue }) => {
      for (let n = 0; n < 30; n += 1) await makeDeadLetter(queue, { orderId: `ord-${n}` });
    });
    expect(await items(page).count()).toBe(25);
    await page.locator("#dead-letters").getByRole("button", { name: "Show more" }).click();
    await items(page).nth(29).waitFor();
  });
});
