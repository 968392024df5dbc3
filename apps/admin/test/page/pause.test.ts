import { describe, expect, it } from "vitest";
import { openTestPage } from "./open-test-page.ts";

describe("R26: pausing on the dashboard", () => {
  it("stops one type or the whole queue, says so, and takes it back", async (context) => {
    const { admin, page, complaints } = await openTestPage(context, ({ queue }) =>
      queue.enqueue("sync_inventory", { orderId: "ord-1", userId: "u" }),
    );
    const { queue } = admin;
    await page.getByRole("button", { name: "Pause sync_inventory" }).click();
    await page.getByText("sync_inventory is paused; what runs goes on").waitFor();
    await page.getByRole("button", { name: "Resume sync_inventory" }).waitFor();
    await expect.poll(() => page.locator("#types tbody th").innerText()).toContain("paused");
    expect((await queue.paused()).types).toMatchObject([{ type: "sync_inventory" }]);
    await page.getByRole("button", { name: "Resume sync_inventory" }).click();
    await page.getByRole("button", { name: "Pause sync_inventory" }).waitFor();

    await page.getByRole("button", { name: "Pause the queue" }).click();
    await page.getByText("The queue is paused: no worker takes a job").waitFor();
    expect(await queue.dequeue("worker-1")).toBeNull();
    await page.getByRole("button", { name: "Resume the queue" }).click();
    await page.getByText("The queue is paused: no worker takes a job").waitFor({ state: "detached" });
    expect(await queue.dequeue("worker-1")).not.toBeNull();
    expect(complaints).toEqual([]);
  });

  it("stops a schedule and takes it back", async (context) => {
    const { admin, page, complaints } = await openTestPage(context, ({ queue }) =>
      queue.registerCron("reconcile_payments", "0 0 * * *"),
    );
    await page.getByRole("button", { name: "Pause the schedule reconcile_payments" }).click();
    const resume = page.getByRole("button", { name: "Resume the schedule reconcile_payments" });
    await resume.waitFor();
    expect(await page.locator("#schedules tbody th").innerText()).toContain("paused");
    expect(await admin.queue.store.listSchedules()).toMatchObject([{ isActive: false }]);
    await resume.click();
    await page.getByText("reconcile_payments goes on with its next run").waitFor();
    expect(await admin.queue.store.listSchedules()).toMatchObject([{ isActive: true }]);
    expect(complaints).toEqual([]);
  });
});
