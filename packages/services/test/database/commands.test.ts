import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openShopStore } from "../../src/process/open-shop-store.ts";

// Each command is a process of its own, which takes seconds to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let database: string;
let backup: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-commands-"));
  database = join(folder, "shop.db");
  backup = join(folder, "backup.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Answer {
  readonly code: number;
  readonly said: string;
}

function run(command: "backup" | "restore", ...args: string[]): Promise<Answer> {
  const script = fileURLToPath(new URL(`../../src/database/${command}.ts`, import.meta.url));
  const { PATH, HOME } = process.env;
  const options = { env: { PATH, HOME, DATABASE_URL: `file:${database}` } };
  return new Promise((resolve) => {
    execFile(process.execPath, ["--conditions=source", script, ...args], options, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
    );
  });
}

async function products(): Promise<number> {
  const store = await openShopStore({ DATABASE_URL: database });
  const rows = await store.read.selectFrom("products").select("id").execute();
  await store.close();
  return rows.length;
}

it("pnpm backup and pnpm restore say how they are called", async () => {
  const [help, nothing, unknown] = await Promise.all([
    run("restore", "--help"),
    run("backup"),
    run("restore", "a", "--yes"),
  ]);
  expect(help).toMatchObject({ code: 0, said: expect.stringContaining("pnpm restore <file> --force") });
  expect(nothing).toMatchObject({ code: 2, said: expect.stringContaining("pnpm backup <file>") });
  expect(unknown).toMatchObject({ code: 2, said: expect.stringContaining("--yes") });
});

it("a backup is made beside running apps, restored once they have stopped, over damage with --force", async () => {
  const store = await openShopStore({ DATABASE_URL: database });
  expect(await run("backup", backup)).toMatchObject({
    code: 0,
    said: expect.stringMatching(/backup\.db \(.* MB\) has all/),
  });
  expect(await run("backup", backup)).toMatchObject({
    code: 1,
    said: expect.stringMatching(/there already.*\n--help/),
  });
  expect(await run("restore", backup)).toMatchObject({
    code: 1,
    said: expect.stringMatching(/A process has the database .* open: stop everything/),
  });
  await store.transaction((tx) => tx.sql.deleteFrom("products").execute());
  await store.close();
  expect(await products()).toBe(0);
  expect(await run("restore", backup)).toMatchObject({
    code: 0,
    said: expect.stringMatching(/0 running jobs handed back\. What it replaced is kept as .*replaced-/),
  });
  expect(await products()).toBe(3);

  writeFileSync(database, "damaged");
  const refused = await run("restore", backup);
  expect(refused).toMatchObject({ code: 1, said: expect.stringMatching(/is damaged.*\n--help/) });
  expect(await run("restore", backup, "--force")).toMatchObject({ code: 0 });
  expect(await products()).toBe(3);
});
