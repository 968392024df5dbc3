import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { makeDeadLetter, type TestAdmin } from "../open-test-admin.ts";
import { openTestPage } from "./open-test-page.ts";

type ListenerTables = { event_listener: { id: string } };

async function listeners(admin: TestAdmin): Promise<number> {
  const read = admin.queue.store.read.$extendTables<ListenerTables>();
  return (await read.selectFrom("event_listener").select("id").execute()).length;
}

const lines = (page: Page) => page.locator("#events li");
const payload = { orderId: "secret-order", userId: "u" };

async function listen(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Listen", exact: true }).click();
  await page.getByText("Listening to all processes.").waitFor();
}

describe("R26: events on the dashboard", () => {
  it("come as they happen once somebody listens, each with a link to its job", async (context) => {
    const { admin, page, complaints } = await openTestPage(context);
    await page.getByText("each change of a job writes one row more").waitFor();
    expect(await listeners(admin)).toBe(0);
    await listen(page);
    const { originalJobId } = await makeDeadLetter(admin.queue, payload);
    await lines(page).nth(2).waitFor();
    const text = await page.locator("#events").innerText();
    for (const word of ["enqueued", "started", "dead", "generate_invoice", originalJobId, "the disk is full"])
      expect(text).toContain(word);
    expect(text).not.toContain("secret-order");
    expect(await lines(page).first().innerText()).toContain("dead");
    const { id } = await admin.queue.enqueue("sync_inventory", payload);
    await page.getByRole("button", { name: `Show job ${id}` }).click();
    await page.locator(`#item-${id} .body`).waitFor();
    await page.getByRole("button", { name: "Stop listening" }).click();
    await expect.poll(() => listeners(admin)).toBe(0);
    expect(complaints).toEqual([]);
  });

  it("tell how far a run has come", async (context) => {
    const { admin, page } = await openTestPage(context);
    await listen(page);
    await admin.queue.enqueue("sync_inventory", payload);
    const job = await admin.queue.dequeue("worker-1");
    if (!job) throw new Error("nothing could be claimed");
    for (const progress of ["40", '{"page":7}'])
      await admin.queue.store.report([{ job, report: { progress } }]);
    await lines(page).nth(3).waitFor();
    expect(await lines(page).nth(1).innerText()).toMatch(/progressed.*sync_inventory.*run 1.*40%/s);
    expect(await lines(page).first().innerText()).toContain('{"page":7}');
  });

  it("stand still while paused, are counted, come when it goes on, and can be cleared", async (context) => {
    const { admin, page } = await openTestPage(context);
    await listen(page);
    const pause = page.getByRole("button", { name: "Pause events" });
    await pause.click();
    await admin.queue.enqueueMany("sync_inventory", [payload, payload]);
    await page.getByText("Paused; 2 have come since.").waitFor();
    expect(await lines(page).count()).toBe(0);
    await pause.click();
    await lines(page).nth(1).waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    await lines(page).first().waitFor({ state: "detached" });
  });

  it("are those of one type or of one job, if the reader wants so", async (context) => {
    const { admin, page } = await openTestPage(context, ({ queue }) =>
      queue.enqueueDelayed("sync_inventory", payload, 60_000),
    );
    await listen(page);
    await page.locator("#events").getByLabel("Type").selectOption("sync_inventory");
    await page.getByText("Listening to all processes.").waitFor();
    await expect.poll(() => listeners(admin)).toBe(1);
    await admin.queue.enqueue("generate_invoice", payload);
    const { id } = await admin.queue.enqueue("sync_inventory", payload);
    await lines(page).first().waitFor();
    expect(await lines(page).count()).toBe(1);
    await page.getByRole("button", { name: "Clear" }).click();

    await page.getByRole("button", { name: `Show job ${id}` }).waitFor({ state: "detached" });
    await page.locator("#jobs summary").first().click();
    await page.getByRole("button", { name: "Watch its events" }).click();
    await page.getByText("Listening to all processes.").waitFor();
    const watched = await page.locator("#events").getByLabel("Job id").inputValue();
    await admin.queue.enqueue("sync_inventory", payload);
    await admin.queue.store.cancel(watched);
    await lines(page).first().waitFor();
    expect(await lines(page).allInnerTexts()).toEqual([expect.stringContaining(watched)]);
  });

  it("are not listened to while the page is out of sight, which is said afterwards", async (context) => {
    const { admin, page } = await openTestPage(context);
    await listen(page);
    const hide = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"))`);
    await hide(true);
    await page.getByText("Not listening while this page is out of sight.").waitFor();
    await expect.poll(() => listeners(admin)).toBe(0);
    await hide(false);
    await page.getByText("This page was out of sight").waitFor();
    expect(await listeners(admin)).toBe(1);
  });

  it("are said to be lost when the server goes away", async (context) => {
    const { admin, page } = await openTestPage(context);
    await listen(page);
    await admin.close();
    await page.getByText("The connection is lost; trying again.").waitFor();
    expect(await page.getByRole("button", { name: "Stop listening" }).count()).toBe(1);
  });
});
