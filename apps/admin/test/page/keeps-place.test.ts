import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { SESSION_MS } from "../../src/access/sessions.ts";
import { makeDeadLetter, TOKEN } from "../open-test-admin.ts";
import { openTestPage } from "./open-test-page.ts";

/** Where the reader is, as far as a reader can tell. */
interface Place {
  readonly isOpen: boolean;
  readonly typed: string;
  readonly focused: string;
  readonly caret: number;
  readonly top: number;
  readonly scrollY: number;
}

const placeOf = (page: Page, itemId: string): Promise<Place> =>
  page.evaluate(
    `(() => {
      const item = document.getElementById(${JSON.stringify(itemId)});
      const note = item.querySelector("textarea");
      return {
        isOpen: item.open,
        typed: note.value,
        focused: document.activeElement.id,
        caret: note.selectionStart,
        top: Math.round(note.getBoundingClientRect().top),
        scrollY: Math.round(scrollY),
      };
    })()`,
  );

it("R26: a refresh leaves scroll, focus, caret, open items and typed text alone", async (context) => {
  const { admin, page } = await openTestPage(context, async ({ queue }) => {
    for (let n = 0; n < 20; n += 1) await makeDeadLetter(queue, { orderId: `ord-${n}` });
  });
  const item = page.locator("#dead-letters .item").nth(12);
  await item.locator("summary").click();
  await item.locator(".body").waitFor();
  const note = item.getByLabel("Note");
  await note.pressSequentially("half a sentence");
  for (let n = 0; n < 4; n += 1) await page.keyboard.press("ArrowLeft");
  const itemId = (await item.getAttribute("id")) ?? "";
  const before = await placeOf(page, itemId);
  expect(before).toMatchObject({ isOpen: true, typed: "half a sentence", caret: 11 });
  expect(before.scrollY).toBeGreaterThan(0);

  await makeDeadLetter(admin.queue, { orderId: "ord-new" });
  await page.locator("#dead-letters .item").nth(20).waitFor();
  const after = await placeOf(page, itemId);
  // What came above is made up for by scrolling, so that what is being read stands still on the screen.
  expect({ ...after, scrollY: before.scrollY }).toEqual(before);
});

it("R26: selected text stays selected over a refresh", async (context) => {
  const { admin, page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
  await page.locator("#dead-letters summary").click();
  await page.locator("#dead-letters pre").first().waitFor();
  const selected = () => page.evaluate("getSelection().toString()");
  await page.evaluate("getSelection().selectAllChildren(document.querySelectorAll('#dead-letters pre')[1])");
  expect(await selected()).toContain('"orderId": "ord-1"');
  await admin.queue.enqueue("sync_inventory", { orderId: "a", userId: "u" });
  await page.locator("#types", { hasText: "sync_inventory" }).waitFor();
  expect(await selected()).toContain('"orderId": "ord-1"');
});

it("R26: what is being edited stays when somebody else takes its dead letter away", async (context) => {
  const { admin, page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
  await page.locator("#dead-letters summary").click();
  await page.getByRole("button", { name: "Edit payload" }).click();
  const field = page.getByRole("textbox", { name: "Payload" });
  await field.fill('{ "orderId": "typed by hand" }');
  const { items } = await admin.queue.store.listDeadLetters({ limit: 1 });
  await admin.queue.store.revive(items[0]?.id ?? "");
  await page.getByText("no longer in this list").waitFor();
  expect(await field.inputValue()).toBe('{ "orderId": "typed by hand" }');
});

it("R26: what is being typed outlives the session, and is saved after a login in another tab", async (context) => {
  const { admin, page } = await openTestPage(context, ({ queue }) => makeDeadLetter(queue));
  await page.locator("#dead-letters summary").click();
  const note = page.getByLabel("Note");
  await note.fill("half a sentence");
  admin.clock.advance(SESSION_MS);
  await page.getByRole("button", { name: "Save note" }).click();
  await page.locator("#dead-letters .notice.failed", { hasText: "log in in another tab" }).waitFor();

  const other = await page.context().newPage();
  await other.goto(`${admin.url}/login?token=${TOKEN}`);
  await page.bringToFront();
  await page.getByRole("button", { name: "Save note" }).click();
  await page.getByText("Note saved").waitFor();
  const { items } = await admin.queue.store.listDeadLetters({ limit: 1 });
  expect(items[0]?.notes).toBe("half a sentence");
  const stored = `document.querySelector("[id^=notes-]").defaultValue`;
  await expect.poll(() => page.evaluate(stored)).toBe("half a sentence");
  // With nothing left to lose the end of a session leads to the login.
  admin.clock.advance(SESSION_MS);
  await page.getByRole("button", { name: "Unreviewed only" }).click();
  await page.waitForURL(`${admin.url}/login`);
});
