import { expect, it } from "vitest";
import { makeDeadLetter } from "../open-test-admin.ts";
import { openTestPage } from "./open-test-page.ts";

/** Texts, and borders of fields, with too little contrast to their ground (WCAG 2.2, 1.4.3 and 1.4.11). */
const FAINT = `(() => {
  const colour = (css) => css.match(/[\\d.]+/g).map(Number);
  const light = (css) => {
    const [r, g, b] = colour(css).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [dark, bright] = [light(a), light(b)].sort((x, y) => x - y);
    return (bright + 0.05) / (dark + 0.05);
  };
  const groundOf = (element) => {
    const css = getComputedStyle(element).backgroundColor;
    return colour(css)[3] === 0 ? groundOf(element.parentElement) : css;
  };
  const seen = [...document.querySelectorAll("body *")].filter((each) => each.checkVisibility());
  const faint = (element, css, ground, least) => {
    const ratio = contrast(css, ground);
    return ratio >= least ? [] : [element.tagName + " " + element.textContent.slice(0, 40) + ": " + ratio.toFixed(2)];
  };
  return seen.flatMap((element) => {
    const { color, borderTopColor } = getComputedStyle(element);
    if (element.matches("input, select, textarea"))
      return faint(element, borderTopColor, groundOf(element.parentElement), 3);
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    // A dot says that there is none; what is disabled is exempt.
    if (!hasText || element.closest(".none, [aria-disabled], option") !== null) return [];
    return faint(element, color, groundOf(element), 4.5);
  });
})()`;

it.for(["light", "dark"] as const)(
  "R26: every text and field has enough contrast on a %s ground",
  async (colorScheme, context) => {
    const { page } = await openTestPage(
      context,
      async ({ queue }) => {
        await makeDeadLetter(queue);
        await queue.enqueue("sync_inventory", { orderId: "ord-1", userId: "u" });
        await queue.setLimit("sync_inventory", { concurrency: 3 });
        await queue.registerCron("daily_sales_report", "0 0 * * *");
        await queue.pauseCron("daily_sales_report");
        await queue.store.beat({ id: "worker-7", leaseMs: 30_000 });
      },
      { colorScheme },
    );
    for (const list of ["#dead-letters", "#failures"]) await page.locator(`${list} summary`).click();
    await page.locator("#dead-letters .body").waitFor();
    await page.getByRole("button", { name: "Mark as reviewed" }).click();
    await page.locator("#dead-letters summary .badge").waitFor();
    await page.getByRole("button", { name: "Pause sync_inventory" }).click();
    await page.locator(".announcement .notice").waitFor();
    await page.getByRole("button", { name: "Show discarded" }).click();
    await page.getByRole("button", { name: "Edit the limit sync_inventory" }).click();
    await page.getByRole("dialog").waitFor();
    expect(await page.evaluate(FAINT)).toEqual([]);
  },
);
