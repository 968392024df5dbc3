import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { JobStore } from "../../../src/index.ts";
import { logBytes } from "../../../src/sqlite/checkpoint.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { ChildProcess } from "../child-process.ts";
import { findFaults } from "../invariants.ts";
import { createFolder, readDatabase } from "../sqlite-test-database.ts";
import type { SteadyReport } from "./steady-writer.ts";

const MEGABYTE = 1_048_576;
const steadyWriter = new URL("./steady-writer.ts", import.meta.url);
const OWNER_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 20;

let folder: ReturnType<typeof createFolder>;
let path: string;
let store: JobStore;
beforeEach(async () => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
  store = await openSqliteStore({ path });
});
afterEach(async () => {
  await store.close();
  const faults = readDatabase(path, findFaults);
  folder.remove();
  expect(faults).toEqual([]);
});

/** Checkpoints as a scheduler does, and looks how long the log gets, until the work is done. */
async function longestLogDuring(work: Promise<unknown>): Promise<number> {
  let ended = false;
  const noted = work.then(() => {
    ended = true;
  });
  let longest = 0;
  let ownersTurnMs = performance.now() + OWNER_EVERY_MS;
  while (!ended) {
    await Promise.race([sleep(LOOK_EVERY_MS), noted]);
    longest = Math.max(longest, logBytes(path));
    if (performance.now() < ownersTurnMs) continue;
    await store.checkpoint();
    ownersTurnMs += OWNER_EVERY_MS;
  }
  await noted;
  return longest;
}

/** Processes that write without end; resolves when they are at work, to the promise of their reports. */
async function startWriters(writers: number, callers: number, forMs: number) {
  const args = [path, String(callers), String(forMs)];
  const children = await Promise.all(
    Array.from({ length: writers }, () => ChildProcess.start(steadyWriter, args)),
  );
  for (const child of children) child.send("go");
  return { reports: Promise.all(children.map(async (child) => (await child.exit()).answer as SteadyReport)) };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / MEGABYTE)} MB`;

it("the log stays bounded while a program reads on and on, and is short again soon after", async () => {
  const seconds = isFullSize ? 60 : 3;
  const [writers, callers] = isFullSize ? [4, 10] : [2, 1];
  const reader = new Database(path, { readonly: true });
  reader.exec("BEGIN");
  const countJobs = reader.prepare<[], number>("SELECT count(*) FROM job").pluck();
  expect(countJobs.get()).toBe(0);

  const { reports } = await startWriters(writers, callers, seconds * 1_000);
  const longest = await longestLogDuring(reports);
  expect(countJobs.get()).toBe(0);
  expect(longest).toBeLessThan(64 * MEGABYTE);
  const all = await reports;
  expect(all.flatMap(({ errors }) => errors)).toEqual([]);

  reader.close();
  const { logBytes: afterwards } = await store.checkpoint();
  expect(afterwards).toBeLessThan(8 * MEGABYTE);
  const added = all.reduce((sum, report) => sum + report.added, 0);
  expect((await store.stats()).queue.pending).toBe(added);
  reportFigures({
    fault: "A foreign program that holds one read transaction while others write without end",
    size: `${seconds} s, ${writers} writers of ${callers} callers`,
    saw: {
      "longest log": megabytes(longest),
      "log after the next checkpoint": megabytes(afterwards),
      errors: 0,
      "jobs added per second": Math.round(added / seconds),
      "longest wait": `${Math.max(...all.map(({ longestMs }) => longestMs))} ms`,
    },
  });
}, 180_000);

it("the log stays bounded while so many write that no checkpoint sees its end", async () => {
  const seconds = isFullSize ? 30 : 3;
  const { reports } = await startWriters(8, 1, seconds * 1_000);
  const longest = await longestLogDuring(reports);
  expect(longest).toBeLessThan(64 * MEGABYTE);
  expect((await reports).flatMap(({ errors }) => errors)).toEqual([]);
  reportFigures({
    fault: "So many writers that no checkpoint sees the end of the log",
    size: `8 writers, ${seconds} s`,
    saw: { "longest log": megabytes(longest), errors: 0 },
  });
}, 120_000);
