import { describe, expect, it } from "vitest";
import { openTestPage } from "./open-test-page.ts";

const payload = { orderId: "ord-1", userId: "u" };

describe("R26: a workflow on the dashboard", () => {
  it("shows where it stands, retries what failed, and asks before it cancels the rest", async (context) => {
    const { admin, page, complaints } = await openTestPage(context, async ({ queue }) => {
      await queue.startWorkflowOf({
        invoice: { type: "generate_invoice", payload, maxAttempts: 1 },
        stock: { type: "sync_inventory", payload, after: "invoice" },
      });
      const claimed = await queue.dequeue("worker-1");
      if (claimed) await queue.failJob(claimed, new Error("the disk is full"));
    });
    await page.locator("#jobs summary").first().click();
    await page.getByRole("button", { name: "Show its workflow" }).click();
    const bar = page.locator(".workflow");
    await bar.waitFor();
    for (const text of ["failed", "100% of 2 jobs", "1 cancelled"])
      expect(await bar.innerText()).toContain(text);
    await page.getByRole("button", { name: "Retry the failed job" }).click();
    await page.getByText("What had failed is pending again").waitFor();
    await bar.getByText("1 waiting").waitFor();

    const cancel = page.getByRole("button", { name: "Cancel the workflow…" });
    await cancel.click();
    await page.getByRole("button", { name: "Leave it" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect((await admin.queue.stats()).queue.pending).toBe(1);
    await cancel.click();
    await page.getByRole("button", { name: "Cancel the workflow", exact: true }).click();
    await page.getByText("2 cancelled").waitFor();
    expect((await admin.queue.stats()).queue).toMatchObject({ pending: 0, waiting: 0 });
    expect(complaints).toEqual([]);
  });
});
