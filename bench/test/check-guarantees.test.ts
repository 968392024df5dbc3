import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkGuarantees, MEASURED, type Subject } from "../src/holdfast/check-guarantees.ts";
import { type Opened, openQueue } from "../src/holdfast/open.ts";
import { startProgram } from "../src/run-program.ts";
import { looseJobs } from "./planted/loose-jobs.ts";

function check(planted: Partial<Subject> = {}): Promise<readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), "holdfast-guarantees-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folder = (): string => mkdtempSync(join(root, "run-"));
  return checkGuarantees({ folder }, { ...MEASURED, ...planted });
}

/** The real queue on a database in which `trigger` takes a guarantee away. */
async function openWith(path: string, trigger: string): Promise<Opened> {
  const opened = await openQueue(path);
  using stack = new DisposableStack();
  stack.adopt(new Database(path), (open) => open.close()).exec(trigger);
  return opened;
}

describe("the check of what makes a figure count", () => {
  it("passes the queue and the worker that are measured, and says what it saw", async () => {
    const lines = await check();
    expect(lines.map((line) => line.split(":")[0])).toEqual([
      "validation",
      "fencing",
      "history",
      "heartbeat",
    ]);
  });

  it("fails where enqueue stores an invalid payload", async () => {
    const open = async (path: string): Promise<Opened> => {
      const store = await openSqliteStore({ path });
      const queue = createQueue({ store, jobs: looseJobs }) as unknown as Opened["queue"];
      return { store, queue, [Symbol.asyncDispose]: () => store.close() };
    };
    await expect(check({ openQueue: open })).rejects.toThrow("an invalid payload was stored");
  });

  it("fails where a worker runs what its schema refuses", async () => {
    const startWorker = (path: string) => startProgram("../../test/planted/loose-worker", { path });
    await expect(check({ startWorker })).rejects.toThrow("ran a payload that its schema refuses");
  });

  it("fails where another lease's token finishes a job", async () => {
    const open = async (path: string): Promise<Opened> => {
      const opened = await openQueue(path);
      Object.assign(opened.queue, { completeJob: () => Promise.resolve() });
      return opened;
    };
    await expect(check({ openQueue: open })).rejects.toThrow("another lease's token finished a job");
  });

  it("fails where what has ended is forgotten", async () => {
    const forget =
      "CREATE TRIGGER planted AFTER INSERT ON finished BEGIN DELETE FROM finished WHERE n = new.n; END";
    const open = (path: string) => openWith(path, forget);
    await expect(check({ openQueue: open })).rejects.toThrow("of 200 jobs that ran, the history has 0");
  });

  it("fails where the history counts no attempts", async () => {
    const forget =
      "CREATE TRIGGER planted AFTER INSERT ON finished BEGIN UPDATE finished SET attempts = 0 WHERE n = new.n; END";
    const open = (path: string) => openWith(path, forget);
    await expect(check({ openQueue: open })).rejects.toThrow("the history has 0 with their attempt");
  });

  it("fails where a worker has no heartbeat", async () => {
    const silence = "CREATE TRIGGER planted BEFORE INSERT ON worker BEGIN SELECT raise(IGNORE); END";
    const open = (path: string) => openWith(path, silence);
    const planted = check({ openQueue: open, presenceMs: 200 });
    await expect(planted).rejects.toThrow("a worker ran without a heartbeat");
  });
});
