import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createQueue, type JobStore, type Queue } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { findFaults } from "../sqlite/invariants.ts";
import { createFolder, readDatabase } from "../sqlite/sqlite-test-database.ts";
import { POISON_JOBS } from "./poison-jobs.ts";

/** As the first case: what ends the process makes no difference there, so only the full size tries all. */
const MORE_ALONE = [
  ["process.exit(0), one job at a time", "exits", 1],
  ["running out of memory, one job at a time", "hoards", 1],
] as const;
const SCRIPT = fileURLToPath(new URL("./poison-process.ts", import.meta.url));
/** Far longer than anything takes on a busy machine. */
const PATIENCE_MS = 240_000;

let folder: ReturnType<typeof createFolder>;
let path: string;
let store: JobStore;
let queue: Queue<typeof POISON_JOBS>;
let worker: ChildProcess | undefined;
let deaths: number;
let supervising: boolean;

/** Starts a worker and starts it again whenever it dies, as a service manager does. */
function supervise(concurrency: number): void {
  worker = spawn(
    process.execPath,
    ["--max-old-space-size=64", "--disable-warning=ExperimentalWarning", SCRIPT],
    {
      env: {
        ...process.env,
        POISON_ROLE: "worker",
        POISON_DATABASE: path,
        POISON_CONCURRENCY: String(concurrency),
      },
      stdio: ["ignore", "ignore", "ignore"],
    },
  );
  worker.once("exit", () => {
    if (!supervising) return;
    deaths += 1;
    supervise(concurrency);
  });
}

function witnessed(what: string): number {
  if (!existsSync(`${path}.witness`)) return 0;
  return readFileSync(`${path}.witness`, "utf8")
    .split("\n")
    .filter((line) => line === what).length;
}

async function untilEmpty(): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { pending, processing, scheduled } = (await queue.stats()).queue;
    if (pending + processing + scheduled === 0) return;
    if (performance.now() > deadline) throw new Error(`Still ${pending} pending, ${processing} processing`);
    await sleep(20);
  }
}

beforeEach(async () => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
  store = await openSqliteStore({ path });
  queue = createQueue({ store, jobs: POISON_JOBS });
  deaths = 0;
  supervising = true;
});

afterEach(async () => {
  supervising = false;
  if (worker && worker.exitCode === null && worker.signalCode === null) {
    worker.kill("SIGKILL");
    await once(worker, "exit");
  }
  await store.close();
  const faults = readDatabase(path, findFaults);
  folder.remove();
  expect(faults).toEqual([]);
});

describe("poison pills", () => {
  // Every job that was in the worker when it died runs in a process of its own afterwards: the full size takes minutes.
  const crowd = isFullSize ? 20 : 5;
  const innocents = 2 * crowd;

  async function drainAround(pill: "kills" | "exits" | "hoards", concurrency: number) {
    await queue.enqueueMany(
      "innocent",
      Array.from({ length: crowd }, (_, n) => ({ n })),
    );
    const { id } = await queue.enqueue(pill, { n: 0 });
    await queue.enqueueMany(
      "innocent",
      Array.from({ length: crowd }, (_, n) => ({ n: n + crowd })),
    );
    supervise(concurrency);
    await untilEmpty();
    const { items } = await store.listDeadLetters({ limit: 100 });
    return { id, dead: items, completed: (await store.listJobs({ status: "completed", limit: 100 })).items };
  }

  it.each([
    ["a SIGKILL, one job at a time", "kills", 1],
    ...(isFullSize ? MORE_ALONE : []),
    [`a SIGKILL among ${crowd}`, "kills", crowd],
    [`process.exit(0) among ${crowd}`, "exits", crowd],
    [`running out of memory among ${crowd}`, "hoards", crowd],
  ] as const)(
    "%s: dead after three crashes of its own, and no innocent is charged",
    async (how, pill, concurrency) => {
      const { id, dead, completed } = await drainAround(pill, concurrency);
      expect(dead.map(({ originalJobId, reason, attempts }) => [originalJobId, reason, attempts])).toEqual([
        [id, "worker_died", 0],
      ]);
      expect(completed.map(({ type, attempts }) => `${type} ${attempts}`)).toEqual(
        Array.from({ length: innocents }, () => "innocent 1"),
      );
      // Once among the others, which ended the worker, and three times alone, which did not.
      expect(witnessed(pill)).toBe(4);
      expect(deaths).toBe(1);
      reportFigures({
        fault: `a job that ends its process: ${how}`,
        size: `1 such job and ${innocents} others, ${concurrency} at a time`,
        saw: {
          "its own crashes until it is dead": witnessed(pill) - deaths,
          "others charged": dead.length - 1,
        },
      });
    },
    PATIENCE_MS,
  );

  it(
    "R16: one in a batch is dead after three crashes alone, and its neighbours are not charged",
    async () => {
      const jobs = await queue.enqueueMany(
        "mixed",
        Array.from({ length: 5 }, (_, n) => ({ n: (n + 3) % 5 })),
      );
      supervise(2);
      await untilEmpty();
      const { items } = await store.listDeadLetters({ limit: 100 });
      expect(items.map(({ originalJobId, reason }) => [originalJobId, reason])).toEqual([
        [jobs[2]?.id, "worker_died"],
      ]);
      const { items: completed } = await store.listJobs({ status: "completed", limit: 100 });
      expect(completed.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
      expect(witnessed("mixed 0")).toBe(4);
      expect(deaths).toBe(1);
    },
    PATIENCE_MS,
  );
});
