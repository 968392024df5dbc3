import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openShopStore } from "@holdfast/services/process";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-scheduler-process-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** The scheduler as a process of its own; `says` resolves with the log line that has the message. */
function start(variables: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    ["--conditions=source", join(import.meta.dirname, "../src/main.ts")],
    {
      env: { ...process.env, NODE_ENV: "development", LOG_LEVEL: "info", DATABASE_URL: path(), ...variables },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  children.push(child);
  const exited = once(child, "close").then(([code]) => code as number | null);
  const lines: { msg: string; port?: number }[] = [];
  const waiting = new Map<string, (line: { port?: number }) => void>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text);
    lines.push(line);
    waiting.get(line.msg)?.(line);
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => (complaint += chunk));
  const says = (msg: string): Promise<{ port?: number }> =>
    new Promise((resolve) => {
      const said = lines.find((line) => line.msg === msg);
      if (said) resolve(said);
      else waiting.set(msg, resolve);
    });
  return { child, exited, says, complaint: () => complaint };
}

const path = (): string => `file:${join(folder, "shop.db")}`;

it("registers the schedules in SCHEDULE_TZ, answers probes, and stops on SIGTERM with 0", async () => {
  const { child, exited, says } = start({ SCHEDULE_TZ: "Europe/Berlin", SCHEDULER_HEALTH_PORT: "0" });
  const { port } = await says("health port open");
  await says("scheduler started");
  expect((await fetch(`http://localhost:${port}/health`)).status).toBe(200);

  const store = await openShopStore({ DATABASE_URL: join(folder, "shop.db") });
  const schedules = (await store.listSchedules()).map(({ id, expression, timeZone }) => [
    id,
    expression,
    timeZone,
  ]);
  await store.close();
  expect(schedules).toEqual([
    ["cleanup_completed_jobs", "0 3 * * *", "Europe/Berlin"],
    ["daily_sales_report", "0 0 * * *", "Europe/Berlin"],
    ["reconcile_payments", "* * * * *", "Europe/Berlin"],
  ]);

  child.kill("SIGTERM");
  expect(await exited).toBe(0);
});

it("runs on when its health port is taken", async () => {
  const holder = createServer().listen(0);
  await once(holder, "listening");
  const address = holder.address();
  const taken = address !== null && typeof address === "object" ? address.port : 0;
  const { child, exited, says } = start({ SCHEDULER_HEALTH_PORT: String(taken) });
  await says("no health port: it cannot be opened");
  await says("scheduler started");
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  holder.close();
});

it("says everything that is wrong with its environment, without a stack, and exits with 1", async () => {
  const { exited, complaint } = start({ SCHEDULE_TZ: "Moon/Base", SCHEDULER_HEALTH_PORT: "x" });
  expect(await exited).toBe(1);
  expect(complaint()).toBe(
    [
      "The environment is not valid:",
      '  SCHEDULER_HEALTH_PORT: expected a port from 0 to 65535, got "x"',
      '  SCHEDULE_TZ: expected an IANA time zone like Europe/Berlin, got "Moon/Base"',
      "",
    ].join("\n"),
  );
});
