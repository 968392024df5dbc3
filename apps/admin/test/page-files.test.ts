import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { openTestAdmin } from "./open-test-admin.ts";

const PAGE = join(import.meta.dirname, "../src/page");

it("serves the files of the page and nothing beside them", async () => {
  const { send } = await openTestAdmin();
  for (const name of ["dashboard.js", "preact.js", "style.css"]) {
    expect((await send(`/assets/${name}`)).status, name).toBe(200);
  }
  for (const name of [
    "main.ts",
    "..%2fmain.ts",
    "%2e%2e%2f%2e%2e%2fpackage.json",
    "json.d.ts",
    "__proto__",
    "a%00.js",
  ]) {
    expect((await send(`/assets/${name}`)).status, name).toBe(404);
  }
});

it("every file that the page names is there, and no script or style stands inside it", async () => {
  const { send, asOperator } = await openTestAdmin();
  for (const name of readdirSync(PAGE).filter((file) => file.endsWith(".html"))) {
    const html = readFileSync(join(PAGE, name), "utf8");
    expect(html, name).not.toMatch(/<script(?![^>]+src=)|<style|\sstyle=|\son\w+=|javascript:/i);
    for (const [, address = ""] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await send(address)).status, address).toBeLessThan(400);
    }
  }
  expect(await (await asOperator("/")).text()).toContain("/assets/dashboard.js");
});

it("a thousand requests for a file at once take few of the files that a process may have open", async () => {
  const script = `
    const { openPageFiles } = await import(process.argv[1]);
    const files = openPageFiles();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => files.answer("style.css")));
    console.log(new Set(answers.map(({ status }) => status)));`;
  // 100 are enough for Node itself and its modules.
  const { stdout } = await promisify(execFile)("sh", [
    "-c",
    'ulimit -n 100 && exec "$0" --conditions=source --input-type=module --eval "$1" "$2"',
    process.execPath,
    script,
    join(PAGE, "../page-files.ts"),
  ]);
  expect(stdout).toBe("Set(1) { 200 }\n");
});
