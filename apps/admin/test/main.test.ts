import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-admin-process-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** The admin app as a process of its own; `prints` resolves with the first line that fits, and what it captured. */
function start(variables: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    ["--conditions=source", join(import.meta.dirname, "../src/main.ts")],
    {
      env: {
        ...process.env,
        NODE_ENV: "development",
        DATABASE_URL: `file:${join(folder, "shop.db")}`,
        DATA_DIR: folder,
        ADMIN_PORT: "0",
        ...variables,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  children.push(child);
  const exited = once(child, "close").then(([code]) => code as number | null);
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const watcher of watchers) watcher();
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => (complaint += chunk));
  const prints = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
        if (!match) return;
        watchers.delete(look);
        resolve(match[1] ?? match[0]);
      };
      watchers.add(look);
      look();
    });
  return { child, exited, prints, lines, complaint: () => complaint };
}

const LISTENING = /"url":"([^"]+)".*"msg":"admin listening"/;

it("in development prints a ready login link, the same at each start, and stops on SIGTERM with 0", async () => {
  const first = start();
  const link = await first.prints(/^Dashboard: (\S+)$/);
  const token = readFileSync(join(folder, "admin-token"), "utf8").trim();
  expect(new URL(link).searchParams.get("token")).toBe(token);
  const response = await fetch(link, { redirect: "manual" });
  expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
  first.child.kill("SIGTERM");
  expect(await first.exited).toBe(0);

  const second = start();
  expect(new URL(await second.prints(/^Dashboard: (\S+)$/)).searchParams.get("token")).toBe(token);
});

it("in production takes ADMIN_TOKEN and never tells it", async () => {
  const token = "planted-production-token";
  const admin = start({ NODE_ENV: "production", ADMIN_TOKEN: token, LOG_LEVEL: "trace" });
  const url = await admin.prints(LISTENING);
  const authorization = `Bearer ${token}`;
  expect((await fetch(`${url}/admin/queue/stats`, { headers: { authorization } })).status).toBe(200);
  await fetch(`${url}/login?token=${token}x`);
  await fetch(`${url}/login?token=${token}`, { redirect: "manual" });
  admin.child.kill("SIGTERM");
  expect(await admin.exited).toBe(0);
  expect(admin.lines.join("\n") + admin.complaint()).not.toContain(token);
});

it("in production refuses to start without ADMIN_TOKEN", async () => {
  const { exited, complaint, lines } = start({ NODE_ENV: "production" });
  expect(await exited).toBe(1);
  expect(complaint()).toBe(
    "The environment is not valid:\n  ADMIN_TOKEN: required when NODE_ENV=production\n",
  );
  expect(lines).toEqual([]);
});

it("stops at once while browsers hold their connections open", async () => {
  const admin = start();
  const url = await admin.prints(LISTENING);
  await Promise.all(Array.from({ length: 5 }, async () => (await fetch(`${url}/health`)).text()));
  admin.child.kill("SIGTERM");
  expect(await admin.exited).toBe(0);
});

it("stops at once while somebody watches events, and leaves no listener behind", async () => {
  const admin = start({ ADMIN_TOKEN: "a-token-for-this-test" });
  const url = await admin.prints(LISTENING);
  const response = await fetch(`${url}/admin/events`, {
    headers: { authorization: "Bearer a-token-for-this-test" },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toContain("listening");
  admin.child.kill("SIGTERM");
  expect((await reader?.read())?.done).toBe(true);
  expect(await admin.exited).toBe(0);
  const database = new Database(join(folder, "shop.db"), { readonly: true });
  expect(database.prepare("SELECT count(*) FROM event_listener").pluck().get()).toBe(0);
  expect(database.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'").pluck().get()).toBe(0);
  database.close();
});
