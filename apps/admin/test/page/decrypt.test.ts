import type { ShopQueue } from "@holdfast/services";
import { expect, it } from "vitest";
import { IBAN, payoutQueue } from "../payout-queue.ts";
import { openTestPage } from "./open-test-page.ts";

const queueOf = (store: Parameters<typeof payoutQueue>[0]) => payoutQueue(store) as unknown as ShopQueue;

it("R26: an encrypted dead letter is decrypted, edited and hidden again", async (context) => {
  const { admin, page, complaints } = await openTestPage(
    context,
    async ({ queue: { store } }) => {
      const queue = payoutQueue(store);
      await queue.enqueue("pay_out", { iban: IBAN });
      const claimed = await queue.dequeue("worker-1");
      if (claimed) await queue.failJob(claimed, new Error(`no account ${IBAN}`));
    },
    {},
    { queueOf: queueOf as never, mayDecrypt: true },
  );
  const letters = page.locator("#dead-letters");
  await letters.locator("summary").first().click();
  await letters.getByRole("button", { name: "Decrypt" }).waitFor();
  expect(await letters.innerText()).not.toContain(IBAN);
  expect(await letters.getByRole("button", { name: "Edit payload" }).count()).toBe(0);
  await letters.getByRole("button", { name: "Decrypt" }).click();
  await letters.getByText(`no account ${IBAN}`).first().waitFor();
  await letters.getByRole("button", { name: "Edit payload" }).click();
  await letters.locator("textarea.mono").fill('{ "iban": "DE1" }');
  await letters.getByRole("button", { name: "Save payload" }).click();
  await letters.getByText("Payload saved").waitFor();
  const [dead] = (await admin.queue.store.listDeadLetters({ limit: 1 })).items;
  expect(dead && payoutQueue(admin.queue.store).decrypt(dead).payload).toEqual({ iban: "DE1" });
  await letters.getByRole("button", { name: "Decrypt" }).click();
  await letters.getByText(`no account ${IBAN}`).first().waitFor();
  await letters.getByRole("button", { name: "Hide plain text" }).click();
  await letters.getByRole("button", { name: "Decrypt" }).waitFor();
  expect(await letters.innerText()).not.toContain(IBAN);
  expect(complaints).toEqual([]);
});
