import { drain } from "@holdfast/queue-core/testing";
import type { ShopQueue } from "@holdfast/services";
import { expect, it } from "vitest";
import { IBAN, payoutQueue } from "../payout-queue.ts";
import { openTestPage } from "./open-test-page.ts";

const queueOf = (store: Parameters<typeof payoutQueue>[0]) => payoutQueue(store) as unknown as ShopQueue;
const ORDER = { orderId: "ord-1", userId: "user-1" };

it("R26: a job shows how far it has come, and the log of each of its runs", async (context) => {
  const { admin, page, complaints } = await openTestPage(context, async ({ queue }) => {
    await queue.enqueue("generate_invoice", ORDER);
    const first = await queue.dequeue("worker-1");
    if (!first) throw new Error("nothing could be claimed");
    const log = JSON.stringify("<b>out of ink</b>");
    await queue.store.report([{ job: first, report: { progress: "30", log, logBytesCut: 4_321 } }]);
    const verdict = { verb: "retry", delayMs: 0, error: "no luck", timedOut: false } as const;
    await queue.store.finish([{ job: first, verdict, followUps: [], effects: [] }]);
    const second = await queue.dequeue("worker-1");
    if (!second) throw new Error("nothing could be claimed");
    await queue.store.report([{ job: second, report: { progress: "40", log: '"ink refilled"' } }]);
    await queue.enqueue("sync_inventory", ORDER);
  });
  const jobs = page.locator("#jobs");
  await jobs.locator("summary", { hasText: "generate_invoice" }).click();
  const bar = jobs.getByRole("progressbar", { name: "Progress" });
  await bar.waitFor();
  expect(await bar.getAttribute("value")).toBe("40");
  // In its place, and not fixed at the foot of the page, where what was done is told.
  const tops = await jobs.locator(".body > *").evaluateAll((parts) =>
    ["Payload", "Progress", "Log of run 1"].map((title) => {
      const part = parts.find((each) => each.textContent?.startsWith(title));
      return Math.round(part?.getBoundingClientRect().top ?? Number.NaN);
    }),
  );
  expect(tops).toEqual(tops.toSorted((a, b) => a - b));
  const text = await jobs.innerText();
  for (const told of [
    "40%",
    "in run 2",
    "Log of run 1",
    "4,321 bytes before this were cut",
    "<b>out of ink</b>",
  ])
    expect(text).toContain(told);
  expect(text).toContain("ink refilled");
  // It follows the run.
  const [running] = (await admin.queue.store.listJobs({ limit: 1, status: "processing" })).items;
  const [, last] = await admin.queue.store.reports(running?.id ?? "");
  const job = { id: running?.id ?? "", leaseToken: last?.leaseToken ?? 0 };
  await admin.queue.store.report([{ job, report: { progress: '{"page":7}' } }]);
  await jobs.getByText('"page": 7').waitFor();
  expect(await bar.count()).toBe(0);
  // One that told nothing shows neither.
  await jobs.locator("summary", { hasText: "sync_inventory" }).click();
  const quiet = jobs.locator(".item", { hasText: "sync_inventory" });
  await quiet.locator(".body").waitFor();
  expect(await quiet.innerText()).not.toMatch(/Progress|Log of run/);
  expect(complaints).toEqual([]);
});

it("R26: progress and logs of an encrypted type are hidden until they are decrypted", async (context) => {
  const { page } = await openTestPage(
    context,
    async ({ queue: { store } }) => {
      const queue = payoutQueue(store);
      await queue.enqueue("pay_out", { iban: IBAN });
      await drain({
        queue,
        handlers: {
          pay_out: ({ iban }, ctx) => {
            ctx.log.info(`to ${iban}`);
            ctx.progress({ iban });
          },
        },
      });
    },
    {},
    { queueOf: queueOf as never, mayDecrypt: true },
  );
  const jobs = page.locator("#jobs");
  await jobs.locator("summary").first().click();
  await jobs.getByText("Log of run 1").waitFor();
  expect(await jobs.innerText()).not.toContain(IBAN);
  await jobs.getByRole("button", { name: "Decrypt" }).click();
  await jobs.getByText(`to ${IBAN}`).waitFor();
  await jobs.getByRole("button", { name: "Hide plain text" }).click();
  await jobs.getByRole("button", { name: "Decrypt" }).waitFor();
  expect(await jobs.innerText()).not.toContain(IBAN);
});
