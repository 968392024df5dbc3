import { expect, it } from "vitest";
import { openTestPage } from "./open-test-page.ts";

it("B4, R26: shows groups with what they have to do, and sets their weights", async (context) => {
  const { admin, page, complaints } = await openTestPage(context);
  const { queue } = admin;
  await page.getByText("No job that waits or runs has a group").waitFor();
  for (const groupKey of ["acme", "acme", "zenith"])
    await queue.enqueue("sync_inventory", { orderId: "ord-1", userId: "u" }, { groupKey });
  await queue.dequeueBatch("worker-1", 1);

  await page.getByRole("button", { name: "Set a weight" }).click();
  const dialog = page.getByRole("dialog");
  const set = dialog.getByRole("button", { name: "Set" });
  const weight = dialog.getByLabel("Turns for one");
  await set.click();
  await dialog.getByText("Not done: name a group").waitFor();
  await dialog.getByLabel("Of which group").fill("zenith");
  await weight.fill("four");
  await set.click();
  await dialog.getByText("Not done: a weight is a number").waitFor();
  await weight.fill("2000");
  await set.click();
  await dialog.getByText('The weight of the group "zenith" must be from 0.01 to 1000, got 2000').waitFor();
  await dialog.getByRole("button", { name: "Leave it" }).click();
  expect(await queue.groupWeights()).toEqual([]);

  await page.getByRole("button", { name: "Set a weight" }).click();
  await dialog.getByLabel("Of which group").fill("zenith");
  await weight.fill("2.5");
  await set.click();
  await page.getByText("The group zenith has the weight 2.5 from now on").waitFor();
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  const rows = page.locator("#groups tbody tr");
  await expect
    .poll(() => rows.allInnerTexts())
    .toEqual([
      expect.stringMatching(/^acme\s+1\s+1\s+1\s+Edit/),
      expect.stringMatching(/^zenith\s+2\.5\s+0\s+1\s+Edit/),
    ]);

  await page.getByRole("button", { name: "Edit the group zenith" }).click();
  expect(await weight.inputValue()).toBe("2.5");
  await weight.fill("0.01");
  await set.click();
  await page.getByText("The group zenith has the weight 0.01 from now on").waitFor();
  await expect
    .poll(() => rows.nth(1).innerText(), { message: "the least weight looks like none" })
    .toMatch(/^zenith\s+0\.01\s/);

  await page.getByRole("button", { name: "Edit the group zenith" }).click();
  await weight.fill("1");
  await set.click();
  await page.getByText("The group zenith has the weight 1 from now on").waitFor();
  expect(await queue.groupWeights()).toEqual([]);

  await page.getByRole("button", { name: "Set a weight" }).click();
  await dialog.getByLabel("Of which group").fill("x".repeat(512));
  await weight.fill("3");
  await set.click();
  await rows.filter({ hasText: "xxx" }).waitFor();
  const hidden = await page
    .locator("#groups .scroll")
    .evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
  expect(hidden, "a long name pushes the numbers out of sight").toBe(0);
  expect(complaints).toEqual([]);
});
