import { createQueue, defineJob, type JobStore } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import type { Locator } from "playwright-core";
import { expect, it } from "vitest";
import { z } from "zod";
import { openTestPage } from "./open-test-page.ts";

/** As long as a name may be, and without a place to break. */
const LONG = "synchronise_".padEnd(100, "the_stock_of_all_warehouses_");

const queueOf = <Tables>(store: JobStore<Tables>) =>
  createQueue({ store, jobs: [defineJob(LONG, { payload: z.object({}), retry: { attempts: 1 } })] });

/** The box of what there is one of. */
async function boxOf(place: Locator): Promise<{ left: number; right: number; top: number; bottom: number }> {
  const { x, y, width, height } = (await place.boundingBox()) ?? { x: NaN, y: NaN, width: NaN, height: NaN };
  return { left: x, right: x + width, top: y, bottom: y + height };
}

it.for([390, 768, 1_280])(
  "R26: on a screen of %d a name of a hundred letters hides nothing",
  async (width, context) => {
    const { page } = await openTestPage(
      context,
      async ({ queue: { store } }) => {
        const queue = queueOf(store);
        await queue.enqueue(LONG, {});
        const job = await queue.dequeue("worker-1");
        if (!job) throw new Error("nothing could be claimed");
        await queue.failJob(job, new Error("the stock is locked"));
        const { id } = await queue.enqueue(LONG, {});
        await queue.store.cancel(id);
        await queue.enqueue(LONG, {});
        await queue.dequeue("worker-1");
        await queue.enqueueMany(LONG, [{}, {}]);
        await queue.enqueue(LONG, {}, { delayMs: 3_600_000 });
        await queue.setLimit(LONG, { concurrency: 3 });
      },
      { viewport: { width, height: 900 } },
      { queueOf: (store) => queueOf(store) as unknown as ShopQueue },
    );
    for (const list of ["#dead-letters", "#failures", "#jobs"]) {
      const summary = page.locator(`${list} summary`).first();
      const [name, when] = [await boxOf(summary.locator("strong")), await boxOf(summary.locator(".when"))];
      const isBeside = name.right <= when.left || name.bottom <= when.top + 1;
      expect(isBeside, `${list}: the name ${JSON.stringify(name)} lies on ${JSON.stringify(when)}`).toBe(
        true,
      );
    }
    const isInSight = async (name: string) => (await boxOf(page.getByRole("button", { name }))).right;
    const panel = await boxOf(page.locator("#types"));
    expect(await isInSight(`Pause ${LONG}`)).toBeLessThanOrEqual(panel.right);
    expect(await isInSight(`Lift the limit ${LONG}`)).toBeLessThanOrEqual(panel.right);
    const last = page.locator("#types tbody button.inline").last();
    await last.focus();
    expect((await boxOf(last)).right).toBeLessThanOrEqual(
      (await boxOf(page.getByRole("button", { name: `Pause ${LONG}` }))).left,
    );
    await page.getByRole("button", { name: `Pause ${LONG}` }).click();
    const told = page.locator(".announcement .notice");
    await told.waitFor();
    const dismiss = await boxOf(page.getByRole("button", { name: "Dismiss" }));
    expect((await boxOf(told)).right).toBeLessThanOrEqual(dismiss.left);
    expect(dismiss.right).toBeLessThanOrEqual(width);
    await page.getByRole("button", { name: `Edit the limit ${LONG}` }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.evaluate((each) => each.scrollWidth - each.clientWidth)).toBe(0);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  },
);
