import { expect, it } from "vitest";
import { openTestPage } from "./open-test-page.ts";

it("R12, R26: shows, sets, edits and lifts limits, and says what is wrong with one that cannot be", async (context) => {
  const { admin, page, complaints } = await openTestPage(context, async ({ queue }) => {
    await queue.syncLimits({ email: { rate: { limit: 120, periodMs: 60_000 } } });
    for (const n of [1, 2, 3]) await queue.enqueue("sync_inventory", { orderId: `ord-${n}`, userId: "u" });
  });
  const { queue } = admin;
  const rows = page.locator("#limits tbody");
  expect(await rows.innerText()).toMatch(
    /email\s+shared by send_followup_email, send_order_confirmation\s+120 per min/,
  );

  await page.getByRole("button", { name: "Set a limit" }).click();
  const dialog = page.getByRole("dialog");
  const set = dialog.getByRole("button", { name: "Set" });
  await set.click();
  await dialog.getByText("name a type").waitFor();
  await dialog.getByLabel("Of which type").fill("sync_inventry");
  const atATime = dialog.getByLabel("run at a time").first();
  await atATime.fill("2");
  await set.click();
  await dialog.getByText(/called "sync_inventry"; types: .*sync_inventory/).waitFor();
  await dialog.getByLabel("Of which type").fill("sync_inventory");
  await atATime.fill("0");
  await set.click();
  await dialog.getByText("concurrency must be a whole number from 1 to 10000, got 0").waitFor();
  await atATime.fill("1");
  await dialog.getByLabel("run at a time").nth(1).fill("3");
  await dialog.getByLabel("may start").first().fill("5");
  await set.click();
  await dialog.getByText("rate.periodMs").waitFor();
  await dialog.getByLabel("seconds").first().fill("0.5");
  await set.click();
  await page.getByText("The limit sync_inventory holds from now on").waitFor();
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  expect(await queue.dequeueBatch("worker-1", 9)).toHaveLength(1);
  await page.getByText("5 per 500 ms; 1 at a time; of each key 3 at a time").waitFor();

  await page.getByRole("button", { name: "Edit the limit email" }).click();
  await dialog.getByLabel("may start").first().fill("30");
  await set.click();
  await page.getByText("in the code: 120 per min").waitFor();
  expect(await rows.innerText()).toMatch(/email\s*edited/);
  await page.getByRole("button", { name: "Make the limit email as in the code" }).click();
  await page.getByText("The limit email is as in the code").waitFor();
  await page.getByRole("button", { name: "Lift the limit email" }).click();
  await rows.getByText("lifted").waitFor();
  await page.getByRole("button", { name: "Lift the limit sync_inventory" }).click();
  await page.getByText("The limit sync_inventory is lifted").waitFor();
  expect(await queue.limits()).toMatchObject([{ name: "email", rate: null, isEdited: true }]);
  expect(complaints).toEqual([]);
});

it("R12, R26: Undo makes a lifted limit what it was, as in the code or as somebody had set it", async (context) => {
  const each = { rate: { limit: 5, periodMs: 1_000, burst: 3 }, concurrency: 2 };
  const { admin, page, complaints } = await openTestPage(context, async ({ queue }) => {
    await queue.syncLimits({ email: { rate: { limit: 120, periodMs: 60_000 } } });
    await queue.setLimit("sync_inventory", { ...each, perKey: each });
  });
  const before = await admin.queue.limits();
  const undo = page.getByRole("button", { name: "Undo" });
  await page.getByRole("button", { name: "Lift the limit email" }).click();
  await page.getByText("The limit email is lifted").waitFor();
  await undo.click();
  await page.getByText("The limit email holds again").waitFor();
  await page.getByRole("button", { name: "Lift the limit sync_inventory" }).click();
  await page.getByText("The limit sync_inventory is lifted").waitFor();
  await undo.click();
  await page.getByText("The limit sync_inventory holds again").waitFor();
  expect(await admin.queue.limits()).toEqual(before);
  expect(complaints).toEqual([]);
});
