import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, type TestContext } from "vitest";
import { openTestAdmin, type TestAdmin, TOKEN } from "../open-test-admin.ts";

const PLACES = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser: Promise<Browser> | undefined;
afterAll(async () => {
  await (await browser)?.close();
});

export interface TestPage {
  readonly admin: TestAdmin;
  readonly page: Page;
  /** Scripts' errors and violations of the content security policy, as the console told them. */
  readonly complaints: readonly string[];
}

/** The dashboard of a fresh admin server in a real Chromium, logged in; the test is skipped where there is none. */
export async function openTestPage(
  context: TestContext,
  fill: (admin: TestAdmin) => Promise<unknown> = async () => {},
  options: BrowserContextOptions = {},
  adminOptions: Parameters<typeof openTestAdmin>[0] = {},
): Promise<TestPage> {
  const executablePath = PLACES.find((place) => place !== undefined && existsSync(place));
  if (executablePath === undefined) {
    context.skip("no Chromium here; apt-get install chromium, or set CHROMIUM_PATH");
  }
  browser ??= chromium.launch({ executablePath, args: FLAGS });
  const admin = await openTestAdmin(adminOptions);
  await fill(admin);
  const tab = await (await browser).newContext({ viewport: { width: 1280, height: 720 }, ...options });
  context.onTestFinished(() => tab.close());
  const page = await tab.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (/content security policy|trusted ?type/i.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${admin.url}/login?token=${TOKEN}`);
  await shown(page);
  return { admin, page, complaints };
}

/** A machine whose network changes meanwhile has Chromium drop what it was loading, once; a reload gets it. */
async function shown(page: Page): Promise<void> {
  const numbers = page.locator(".numbers");
  for (let tries = 0; tries < 3; tries += 1) {
    const came = await numbers.waitFor({ timeout: 8_000 }).then(
      () => true,
      () => false,
    );
    if (came) return;
    await page.reload();
  }
  await numbers.waitFor({ timeout: 8_000 });
}
