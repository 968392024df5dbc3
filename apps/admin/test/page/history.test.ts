import { describe, expect, it } from "vitest";
import { openTestPage } from "./open-test-page.ts";

describe("R18, R26: the history on the dashboard", () => {
  it("says that there is none, and draws what has happened since", async (context) => {
    const { admin, page, complaints } = await openTestPage(context);
    await page.locator("#history").getByText("Nothing was added and nothing ran in this time.").waitFor();
    const { queue } = admin;
    for (let n = 0; n < 3; n += 1) {
      await queue.enqueue("sync_inventory", { orderId: `ord-${n}`, userId: "u" });
      const job = await queue.dequeue("worker-1");
      if (job && n < 2) await queue.completeJob(job);
      else if (job) await queue.failJob(job, new Error("no stock"));
    }
    await page.reload();
    const charts = page.locator("#history svg");
    await charts.first().waitFor();
    expect(await charts.count()).toBe(2);
    expect(await page.locator("#history .count").innerText()).toBe("3 runs");
    expect(await charts.first().locator("title").last().textContent()).toMatch(
      /3 added, 2 completed, 1 failed/,
    );
    expect(await page.locator("#history .charts > .note").innerText()).toContain(
      "3 added, 2 completed, 1 failed or timed out",
    );
    await page.locator("#history select").selectOption("1440");
    await page.getByText("Jobs per 10 minutes").waitFor();
    expect(await charts.first().locator("g").count()).toBe(144);
    expect(complaints).toEqual([]);
  });
});
