import { describe, expect, it } from "vitest";
import { makeDeadLetter } from "../open-test-admin.ts";
import { openTestPage } from "./open-test-page.ts";

const ORDER = { orderId: "ord-1", userId: "user-1" };

describe("R26: the dashboard", () => {
  it("shows numbers that follow the queue without a reload", async (context) => {
    const { admin, page, complaints } = await openTestPage(context);
    const pending = page.locator(".figure", { hasText: "Pending" }).locator(".value");
    expect(await pending.textContent()).toBe("0");
    await admin.queue.enqueueMany("sync_inventory", [ORDER, ORDER, ORDER]);
    await page.locator(".figure .value", { hasText: /^3$/ }).waitFor();
    expect(await pending.textContent()).toBe("3");
    expect(complaints).toEqual([]);
  });

  it("says what is not there yet", async (context) => {
    const { page } = await openTestPage(context);
    const text = await page.locator("main").innerText();
    for (const word of [
      "None. Jobs that run out of attempts",
      "No run has failed",
      "No job has been enqueued yet",
      "No schedule is registered",
      "No worker runs",
    ]) {
      expect(text).toContain(word);
    }
  });

  it("shows failures, schedules, workers and jobs by type", async (context) => {
    const { page } = await openTestPage(context, async ({ queue }) => {
      await makeDeadLetter(queue);
      await queue.registerCron("daily_sales_report", "0 0 * * *", { timeZone: "Europe/Berlin" });
      await queue.store.beat({ id: "worker-7", leaseMs: 30_000 });
    });
    expect(await page.locator("#failures .item").innerText()).toMatch(/generate_invoice.*the disk is full/s);
    expect(await page.locator("#schedules tbody").innerText()).toMatch(
      /daily_sales_report.*Europe\/Berlin.*never.*in /s,
    );
    expect(await page.locator("#workers tbody").innerText()).toContain("worker-7");
    expect(await page.locator("#types tbody").innerText()).toMatch(/generate_invoice.*1/s);
    expect(await page.locator("th:empty").count(), "heads that say nothing").toBe(0);
    expect(await page.locator(".figure.bad").allInnerTexts()).toEqual([
      expect.stringContaining("100%"),
      expect.stringContaining("1 unreviewed"),
    ]);
  });

  it("says that jobs wait and nobody runs them", async (context) => {
    const { page } = await openTestPage(context, ({ queue }) => queue.enqueue("sync_inventory", ORDER));
    expect(await page.locator(".alert").innerText()).toContain("no worker is there to run them");
    expect(await page.locator(".top .badge").textContent()).toBe("unknown");
  });

  it("says when it is out of date, keeps what it knows, and recovers by itself", async (context) => {
    const { page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
    await page.route("**/admin/**", (route) => route.abort());
    await page.locator(".alert.lost").waitFor();
    expect(await page.locator(".alert.lost").innerText()).toMatch(/Not up to date.*trying again/is);
    expect(await page.locator("#dead-letters .item").count()).toBe(1);
    expect(await page.locator(".top .badge").textContent()).toBe("unknown");
    await page.unroute("**/admin/**");
    await page.locator(".link.live").waitFor();
    expect(await page.locator(".alert.lost").count()).toBe(0);
    expect(await page.locator(".top .badge").textContent()).not.toBe("unknown");
  });

  it("keeps its place when the course of a number appears", async (context) => {
    const { page } = await openTestPage(context);
    const top = () => page.evaluate("document.querySelector('.columns').getBoundingClientRect().top");
    expect(await page.locator(".sparkline polyline").count()).toBe(0);
    const before = await top();
    await page.locator(".sparkline polyline").first().waitFor({ state: "attached" });
    expect(await top()).toBe(before);
  });

  it("leads from a number in the table to those jobs, and from a failure to its job", async (context) => {
    const { page } = await openTestPage(context, async ({ queue }) => {
      await makeDeadLetter(queue);
      await queue.enqueueMany("sync_inventory", [ORDER, ORDER]);
    });
    await page
      .locator("#types")
      .getByRole("button", { name: /pending jobs of type sync_inventory/ })
      .click();
    // Until the answer is there the list shows the jobs of all types.
    await expect
      .poll(() => page.locator("#jobs .item strong").allInnerTexts())
      .toEqual(["sync_inventory", "sync_inventory"]);
    await page.locator("#failures summary").click();
    await page
      .locator("#failures")
      .getByRole("button", { name: /Show job/ })
      .click();
    await page.locator("#jobs .item[open]", { hasText: "generate_invoice" }).locator(".body").waitFor();
  });

  it("runs a schedule now", async (context) => {
    const { admin, page } = await openTestPage(context, ({ queue }) =>
      queue.registerCron("cleanup_completed_jobs", "0 3 * * *"),
    );
    await page.getByRole("button", { name: "Run cleanup_completed_jobs now" }).click();
    await page.locator(".announcement .notice", { hasText: "cleanup_completed_jobs is pending" }).waitFor();
    expect((await admin.queue.stats()).queue.pending).toBe(1);
  });

  it.for([1_280, 1_024, 390])(
    "has no schedule's button out of sight on a screen of %d",
    async (width, context) => {
      const { page } = await openTestPage(
        context,
        ({ queue }) =>
          queue.registerCron("cleanup_completed_jobs", "0 3 * * *", {
            timeZone: "America/Argentina/Buenos_Aires",
          }),
        { viewport: { width, height: 740 } },
      );
      const room = "#schedules .scroll";
      const widths = await page.locator(room).evaluate((list) => [list.scrollWidth, list.clientWidth]);
      expect(widths[0]).toBe(widths[1]);
    },
  );

  it("has no button of a type, limit or group out of sight on a screen of 390", async (context) => {
    const { page } = await openTestPage(
      context,
      async ({ queue }) => {
        await queue.enqueueMany("send_order_confirmation", [ORDER], { groupKey: "a-tenant-of-some-length" });
        await queue.syncLimits({ sync_inventory: { rate: { limit: 120, periodMs: 60_000, burst: 20 } } });
        await queue.setLimit("sync_inventory", {
          concurrency: 1_000,
          rate: { limit: 9_000, periodMs: 1_000 },
        });
      },
      { viewport: { width: 390, height: 740 } },
    );
    for (const list of ["#types", "#limits", "#groups"]) {
      const row = page.locator(`${list} tbody tr`).first();
      const room = page.locator(`${list} .scroll`);
      const end = await room.evaluate((each) => each.getBoundingClientRect().right);
      for (const button of await row.locator("td:last-child button").all()) {
        const box = await button.boundingBox();
        expect((box?.x ?? Number.POSITIVE_INFINITY) + (box?.width ?? 0), list).toBeLessThanOrEqual(end);
      }
    }
  });

  it("cancels a job", async (context) => {
    const { admin, page } = await openTestPage(context, ({ queue }) =>
      queue.enqueue("sync_inventory", ORDER),
    );
    await page.locator("#jobs summary").click();
    await page.locator("#jobs").getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("dialog").getByText("This cannot be undone.").waitFor();
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await page.locator("#jobs summary .badge", { hasText: "cancelled" }).waitFor();
    expect((await admin.queue.stats()).queue.pending).toBe(0);
  });

  it("goes to the login page when the session has ended", async (context) => {
    const { admin, page } = await openTestPage(context);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL(`${admin.url}/login`);
    await page.goto(admin.url);
    expect(page.url()).toBe(`${admin.url}/login`);
    await page.getByLabel("Admin token").fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Admin token").fill("an-admin-token-for-tests");
    await page.keyboard.press("Enter");
    await page.locator(".numbers").waitFor();
  });

  for (const viewport of [
    { width: 360, height: 740 },
    { width: 1_600, height: 900 },
  ]) {
    it(`fits a screen of ${viewport.width} without scrolling sideways, also with items laid open`, async (context) => {
      const { page } = await openTestPage(
        context,
        async ({ queue }) => {
          await makeDeadLetter(queue, { orderId: "x".repeat(64) }, new Error("y".repeat(500)));
          await queue.registerCron("cleanup_completed_jobs", "0 3 * * *");
          await queue.store.beat({
            id: "worker-with-a-very-long-name-on-a-host-with-another",
            leaseMs: 30_000,
          });
        },
        { viewport },
      );
      for (const list of ["#dead-letters", "#failures", "#jobs"])
        await page.locator(`${list} summary`).click();
      for (const list of ["#dead-letters", "#jobs"]) await page.locator(`${list} .body`).waitFor();
      const widest = await page.evaluate("document.documentElement.scrollWidth");
      expect(widest).toBe(viewport.width);
    });
  }

  it("follows the reader's choice of light or dark", async (context) => {
    const { page } = await openTestPage(context, undefined, { colorScheme: "dark" });
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(await ground()).toBe("rgb(20, 23, 26)");
    await page.emulateMedia({ colorScheme: "light" });
    expect(await ground()).toBe("rgb(244, 245, 246)");
  });
});
