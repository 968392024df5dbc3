import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createQueue, type StoreRefusedError } from "../../../src/index.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { FakeClock } from "../../../src/testing/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";
import { newJob } from "../../conformance/new-jobs.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { ChildProcess } from "../child-process.ts";
import { findFaults } from "../invariants.ts";
import { createFolder, readDatabase } from "../sqlite-test-database.ts";

let folder: ReturnType<typeof createFolder>;
let path: string;
beforeEach(() => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
});
afterEach(() => folder.remove());

const openProcess = new URL("./open-process.ts", import.meta.url);
const MODES = ["idle", "full", "normal"] as const;

/** What an operator, a deploy script or a clean-up may do to files that are in use. */
const REPLACEMENTS: Readonly<Record<string, () => void>> = {
  "the database deleted": () => rmSync(path),
  "all three files deleted": () => {
    for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file);
  },
  "another database renamed over it": () => {
    const other = join(folder.path, "other.db");
    copyFileSync(path, other);
    renameSync(other, path);
  },
  "the log deleted": () => rmSync(`${path}-wal`),
  "the shared memory deleted": () => rmSync(`${path}-shm`),
};

/** Starts a process per way of using the store; resolves when those that write have written. */
async function startProcesses(): Promise<readonly ChildProcess[]> {
  return await Promise.all(
    MODES.map(async (mode) => {
      const child = await ChildProcess.start(openProcess, [path, join(folder.path, mode), mode]);
      if (mode !== "idle") await child.heard("writing");
      return child;
    }),
  );
}

function acknowledged(): string[] {
  return MODES.map((mode) => join(folder.path, mode))
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, "utf8").trimEnd().split("\n"));
}

function migrateFurther(): void {
  const database = new Database(path);
  database.exec(
    "INSERT INTO migration SELECT scope, max(version) + 1, 'next', 0 FROM migration GROUP BY scope",
  );
  database.close();
}

const jobsIn = (file: string): string[] =>
  readDatabase(file, (database) => database.prepare<[], string>("SELECT id FROM jobs").pluck().all());

/** In the short size each of the others is met inside this process, further down. */
const KINDS = Object.keys(REPLACEMENTS).slice(0, isFullSize ? undefined : 1);

describe("a process whose files are replaced while it has them open", { timeout: 240_000 }, () => {
  it.each(KINDS)("ends, idle or writing: %s", async (what) => {
    const children = await startProcesses();
    REPLACEMENTS[what]?.();
    const endings = await Promise.all(children.map((child) => child.exit()));
    expect(endings.map(({ code }) => code)).toEqual([1, 1, 1]);
    reportFigures({
      fault: `${what} while in use`,
      size: "an idle process and two that write",
      saw: { "processes still running": endings.filter(({ code }) => code === 0).length },
    });
  });

  it("has saved what the log held when only that was deleted", async () => {
    const children = await startProcesses();
    rmSync(`${path}-wal`);
    await Promise.all(children.map((child) => child.exit()));
    const stored = new Set(jobsIn(path));
    expect(acknowledged().length).toBeGreaterThan(1);
    expect(acknowledged().filter((id) => !stored.has(id))).toEqual([]);
    expect(readDatabase(path, findFaults)).toEqual([]);
  });

  it("leaves the database that took the place of its own alone", async () => {
    const children = await startProcesses();
    const other = join(folder.path, "other.db");
    const store = await openSqliteStore({ path: other });
    const [outcome] = await store.enqueue([newJob()], { durability: "full" });
    await store.close();
    // In this order: SQLite would take a log that lies beside a new database for that database's own.
    for (const beside of ["-wal", "-shm"]) rmSync(`${path}${beside}`);
    renameSync(other, path);
    await Promise.all(children.map((child) => child.exit()));
    expect(jobsIn(path)).toEqual([outcome?.job.id]);
    expect(readDatabase(path, findFaults)).toEqual([]);
  });
});

describe("what must not be taken for a replacement:", { timeout: 240_000 }, () => {
  it("checkpoint, VACUUM, backup, other processes coming and going, a changed mode", async () => {
    const store = await openSqliteStore({ path });
    const child = await ChildProcess.start(openProcess, [path, join(folder.path, "full"), "full"]);
    await child.heard("writing");
    const other = new Database(path, { timeout: 10_000 });
    for (const sql of ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA optimize"]) other.exec(sql);
    other.exec(`VACUUM INTO '${join(folder.path, "into.db")}'`);
    await other.backup(join(folder.path, "backup.db"));
    other.close();
    spawnSync("chmod", ["0640", path]);
    spawnSync("touch", [path]);
    for (let n = 0; n < 3; n += 1) await (await openSqliteStore({ path })).close();
    const before = statSync(join(folder.path, "full")).size;
    await store.enqueue([newJob()], { durability: "full" });
    child.send("stop");
    expect((await child.exit()).code).toBe(0);
    expect(statSync(join(folder.path, "full")).size).toBeGreaterThanOrEqual(before);
    await store.close();
    expect(readDatabase(path, findFaults)).toEqual([]);
  });
});

describe("a database that a newer program has migrated", { timeout: 60_000 }, () => {
  it("ends each process of the older one, idle or writing, and what they wrote before stays as it was", async () => {
    const children = await startProcesses();
    migrateFurther();
    const endings = await Promise.all(children.map((child) => child.exit()));
    expect(endings.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(new Set(jobsIn(path))).toEqual(new Set(acknowledged()));
    expect(readDatabase(path, findFaults)).toEqual([]);
  });

  it("is written to no more by the older one, which says why: it asks every 100 ms", async () => {
    const clock = new FakeClock();
    const told = vi.fn<(error: StoreRefusedError) => void>();
    const store = await openSqliteStore({ path, clock, onReplaced: told });
    migrateFurther();
    clock.advance(99);
    await store.enqueue([newJob()], { durability: "full" });
    clock.advance(1);
    const refused = { code: "STORE_REFUSED", message: expect.stringContaining("run the newer program") };
    for (const durability of ["full", "normal"] as const)
      await expect(store.enqueue([newJob()], { durability })).rejects.toMatchObject(refused);
    await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(1));
    await store.close();
  });
});

describe("a store whose database was deleted", () => {
  const clock = new FakeClock();
  const open = (onReplaced: (error: StoreRefusedError) => void) =>
    openSqliteStore({ path, clock, onReplaced });

  it("commits nothing more, says so once, and refuses every later write with the same error", async () => {
    const told = vi.fn<(error: StoreRefusedError) => void>();
    const store = await open(told);
    const queue = createQueue({ store, jobs: JOB_TYPES });
    const { id } = await queue.enqueue("mail", { n: 1 });
    rmSync(path);
    const refused = { code: "STORE_REFUSED", message: expect.stringContaining(`${path} was deleted`) };
    await expect(queue.enqueue("mail", { n: 2 })).rejects.toMatchObject(refused);
    const transaction = store.transaction((tx) => queue.enqueue("mail", { n: 3 }, { tx }));
    await expect(transaction).rejects.toMatchObject(refused);
    await expect(queue.enqueue("mail", { n: 4 }, { durability: "normal" })).rejects.toMatchObject(refused);
    await expect(store.cancel(id)).rejects.toMatchObject(refused);
    // What its connections see is the file without a name; nothing was added to that either.
    expect((await store.listJobs({ limit: 10 })).items.map((job) => job.id)).toEqual([id]);
    await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(1));
    await store.close();
    expect(told).toHaveBeenCalledTimes(1);
    expect(existsSync(path)).toBe(false);
  });

  it.each(Object.keys(REPLACEMENTS))("notices at its next commit: %s", async (what) => {
    const store = await open(() => undefined);
    await store.enqueue([newJob()], { durability: "full" });
    REPLACEMENTS[what]?.();
    await expect(store.enqueue([newJob()], { durability: "full" })).rejects.toMatchObject({
      code: "STORE_REFUSED",
    });
    await store.close();
  });

  it("looks before a NORMAL commit only every 100 ms", async () => {
    const store = await open(() => undefined);
    const add = () => store.enqueue([newJob()], { durability: "normal" });
    rmSync(path);
    await add();
    clock.advance(99);
    await add();
    clock.advance(1);
    await expect(add()).rejects.toMatchObject({ code: "STORE_REFUSED" });
    await store.close();
  });

  it("says what took its place, and whether the log was saved", async () => {
    const told = vi.fn<(error: StoreRefusedError) => void>();
    const store = await open(told);
    await store.enqueue([newJob()], { durability: "full" });
    rmSync(`${path}-wal`);
    await expect(store.enqueue([newJob()], { durability: "full" })).rejects.toThrow(
      /-wal was deleted .* What the log held was copied into the database first/,
    );
    await store.close();
    const second = await open(told);
    const other = join(folder.path, "other.db");
    copyFileSync(path, other);
    renameSync(other, path);
    await expect(second.enqueue([newJob()], { durability: "full" })).rejects.toThrow(
      /replaced by another file/,
    );
    await second.close();
  });
});

it("measures what looking before each commit costs", async () => {
  const store = await openSqliteStore({ path });
  const commits = isFullSize ? 2_000 : 200;
  const begin = performance.now();
  for (let n = 0; n < commits; n += 1) await store.enqueue([newJob()], { durability: "full" });
  const commitUs = ((performance.now() - begin) / commits) * 1_000;
  const files = [path, `${path}-wal`, `${path}-shm`];
  const beginLooks = performance.now();
  for (let n = 0; n < commits; n += 1) for (const file of files) statSync(file, { throwIfNoEntry: false });
  const lookUs = ((performance.now() - beginLooks) / commits) * 1_000;
  await store.close();
  expect(lookUs).toBeGreaterThan(0);
  reportFigures({
    fault: "none: what looking for replaced files costs",
    size: `${commits} commits under FULL`,
    saw: { "a commit": `${commitUs.toFixed(0)} µs`, "of it the look": `${lookUs.toFixed(1)} µs` },
  });
});
