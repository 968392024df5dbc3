import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createQueue, type JobStore } from "../../../src/index.ts";
import { backupDatabase, openSqliteStore, restoreDatabase } from "../../../src/sqlite/index.ts";
import { seededRandom, seedOfRun } from "../../../src/testing/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { ChildProcess } from "../child-process.ts";
import { findFaults } from "../invariants.ts";
import { createFolder, readDatabase } from "../sqlite-test-database.ts";

let folder: ReturnType<typeof createFolder>;
let path: string;
let backup: string;
beforeEach(() => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
  backup = join(folder.path, "backup.db");
});
afterEach(() => folder.remove());

const openProcess = new URL("./open-process.ts", import.meta.url);
const refused = (message: RegExp) => ({ code: "STORE_REFUSED", message: expect.stringMatching(message) });
const queueOf = (store: JobStore) => createQueue({ store, jobs: JOB_TYPES });

async function withStore<Result>(work: (store: JobStore) => Promise<Result>): Promise<Result> {
  const store = await openSqliteStore({ path });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const add = (n: number): Promise<string> =>
  withStore(async (store) => (await queueOf(store).enqueue("mail", { n })).id);

const idsIn = (file: string): string[] =>
  readDatabase(file, (database) =>
    database.prepare<[], string>("SELECT id FROM jobs ORDER BY seq").pluck().all(),
  );

/** A backup with one job, and a database that has had a second one since. */
async function backUpBetween(): Promise<readonly [string, string]> {
  const first = await add(1);
  await backupDatabase({ from: path, to: backup });
  return [first, await add(2)];
}

/** A database, its log and its shared memory as a killed process leaves them. */
async function leaveLog(): Promise<void> {
  const child = await ChildProcess.start(openProcess, [path, join(folder.path, "witness"), "full"]);
  await child.heard("writing");
  child.kill();
  await child.exit();
}

describe("restoring", { timeout: 240_000 }, () => {
  it("puts the backup in the database's place and keeps what it replaces", async () => {
    const [first, second] = await backUpBetween();
    const { kept, handedBack } = await restoreDatabase({ from: backup, to: path });
    expect(handedBack).toBe(0);
    expect(idsIn(path)).toEqual([first]);
    expect(kept).toMatch(/jobs\.db\.replaced-\d{8}T\d{9}Z$/);
    expect(idsIn(kept ?? "")).toEqual([first, second]);
    expect(readdirSync(folder.path)).toHaveLength(3);
    await add(3);
    expect(readDatabase(path, findFaults)).toEqual([]);
  });

  it("is refused while a process has the database open, idle or stopped, and changes nothing", async () => {
    const [first, second] = await backUpBetween();
    const child = await ChildProcess.start(openProcess, [path, join(folder.path, "witness"), "idle"]);
    child.stop();
    try {
      await expect(restoreDatabase({ from: backup, to: path })).rejects.toMatchObject(
        refused(/A process has the database .* open: stop everything/),
      );
      await expect(
        restoreDatabase({ from: backup, to: path, replaceUnreadable: true }),
      ).rejects.toMatchObject(refused(/A process has the database/));
    } finally {
      child.resume();
      child.send("stop");
    }
    expect((await child.exit()).code).toBe(0);
    expect(idsIn(path)).toEqual([first, second]);
    expect(readdirSync(folder.path).toSorted()).toEqual(["backup.db", "jobs.db"]);
  });

  it("keeps what the log of a killed process held with the old database, not with the new", async () => {
    const [first] = await backUpBetween();
    await leaveLog();
    expect(existsSync(`${path}-wal`)).toBe(true);
    const { kept } = await restoreDatabase({ from: backup, to: path });
    expect(idsIn(path)).toEqual([first]);
    expect(idsIn(kept ?? "").length).toBeGreaterThan(2);
    expect(readDatabase(path, findFaults)).toEqual([]);
    expect(readDatabase(kept ?? "", findFaults)).toEqual([]);
  });

  it.each(["-wal", "-journal"])(
    "moves a stale %s out of the way when its database is gone",
    async (ending) => {
      const [first] = await backUpBetween();
      await leaveLog();
      rmSync(path);
      if (ending === "-journal") renameSync(`${path}-wal`, `${path}-journal`);
      const stale = readFileSync(`${path}${ending}`);
      const { kept } = await restoreDatabase({ from: backup, to: path });
      expect(readFileSync(`${kept}${ending}`)).toEqual(stale);
      expect(existsSync(`${path}${ending}`)).toBe(false);
      expect(idsIn(path)).toEqual([first]);
      expect(readDatabase(path, findFaults)).toEqual([]);
    },
  );

  it("takes a stale log away with the damaged database that it replaces", async () => {
    const [first] = await backUpBetween();
    await leaveLog();
    const stale = readFileSync(`${path}-wal`);
    writeFileSync(path, "damaged");
    const { kept } = await restoreDatabase({ from: backup, to: path, replaceUnreadable: true });
    expect(readFileSync(`${kept}-wal`)).toEqual(stale);
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(idsIn(path)).toEqual([first]);
    expect(readDatabase(path, findFaults)).toEqual([]);
  });

  it("of a damaged or foreign backup is refused, and the database stays as it was", async () => {
    const [first, second] = await backUpBetween();
    const before = readFileSync(path);
    const sound = readFileSync(backup);
    const last = Buffer.from(sound).fill(0, sound.length - 4_096);
    for (const content of [sound.subarray(0, sound.length / 2), Buffer.from("no database"), last]) {
      writeFileSync(backup, content);
      await expect(restoreDatabase({ from: backup, to: path })).rejects.toMatchObject({
        code: "STORE_REFUSED",
      });
    }
    rmSync(backup);
    new Database(backup).exec("CREATE TABLE bookmarks (url TEXT)").close();
    await expect(restoreDatabase({ from: backup, to: path })).rejects.toMatchObject(
      refused(/none of the queue's tables/),
    );
    rmSync(backup);
    await expect(restoreDatabase({ from: backup, to: path })).rejects.toMatchObject(
      refused(/There is no backup/),
    );
    await expect(restoreDatabase({ from: path, to: path })).rejects.toMatchObject(
      refused(/is the database itself/),
    );
    expect(readFileSync(path)).toEqual(before);
    expect(idsIn(path)).toEqual([first, second]);
  });

  it("of a backup that is newer than the program is refused", async () => {
    await backUpBetween();
    readDatabase(backup, (database) =>
      database.exec("INSERT INTO migration VALUES ('queue', 99, 'from-the-future', 0)"),
    );
    await expect(restoreDatabase({ from: backup, to: path })).rejects.toMatchObject(refused(/newer program/));
  });

  it("brings an older backup up to the program's tables before it replaces anything", async () => {
    const [first] = await backUpBetween();
    const directory = join(folder.path, "migrations");
    mkdirSync(directory);
    const migrations = [{ scope: "shop", directory: pathToFileURL(`${directory}/`) }];
    writeFileSync(join(directory, "0001-broken.sql"), "CREATE TABEL shop (id INTEGER);");
    await expect(restoreDatabase({ from: backup, to: path, migrations })).rejects.toThrow(/TABEL/);
    expect(idsIn(path)).toHaveLength(2);
    writeFileSync(join(directory, "0001-broken.sql"), "CREATE TABLE shop (id INTEGER);");
    await restoreDatabase({ from: backup, to: path, migrations });
    expect(idsIn(path)).toEqual([first]);
    expect(readDatabase(path, (database) => database.prepare("SELECT * FROM shop").all())).toEqual([]);
  });

  it("replaces a damaged database, or somebody else's, only if that is asked for", async () => {
    const [first] = await backUpBetween();
    const foreign = join(folder.path, "foreign.db");
    new Database(foreign).exec("CREATE TABLE bookmarks (url TEXT)").close();
    for (const content of [Buffer.from("damaged"), readFileSync(foreign)]) {
      writeFileSync(path, content);
      await expect(restoreDatabase({ from: backup, to: path })).rejects.toMatchObject(
        refused(/is damaged or no database of the queue's.*stop everything/),
      );
      expect(readFileSync(path)).toEqual(content);
      const { kept } = await restoreDatabase({ from: backup, to: path, replaceUnreadable: true });
      expect(readFileSync(kept ?? "")).toEqual(content);
      expect(idsIn(path)).toEqual([first]);
    }
  });
});

describe("a restore that is killed", { timeout: 600_000 }, () => {
  it("leaves the old database or the new one, whole", async () => {
    const seed = seedOfRun("restore");
    const random = seededRandom(seed);
    const kills = isFullSize ? 40 : 3;
    const [first, second] = await backUpBetween();
    const start = () =>
      ChildProcess.start(new URL("./restoring-process.ts", import.meta.url), [backup, path]);
    const old = join(folder.path, "old.db");
    copyFileSync(path, old);
    const whole = await start();
    const begin = performance.now();
    await whole.exit();
    const tookMs = performance.now() - begin;
    const seen = { old: 0, new: 0, neither: 0 };
    for (let n = 0; n < kills; n += 1) {
      for (const name of readdirSync(folder.path))
        if (name.startsWith("jobs.db")) rmSync(join(folder.path, name));
      copyFileSync(old, path);
      const child = await start();
      await sleep(random() * tookMs);
      child.kill();
      await child.exit();
      const ids = idsIn(path).join();
      const sound = readDatabase(path, findFaults).length === 0;
      seen[!sound ? "neither" : ids === `${first},${second}` ? "old" : ids === first ? "new" : "neither"] +=
        1;
      await withStore(async (store) => expect((await store.stats()).queue.pending).toBeGreaterThan(0));
    }
    expect(seen.neither).toBe(0);
    reportFigures({ fault: "SIGKILL of a restore", size: `${kills} kills`, seed, saw: seen });
  });
});

describe("after a restore", () => {
  it("what was running when the backup was made runs again, unspent, and no token from before is valid", async () => {
    await add(1);
    const store = await openSqliteStore({ path });
    const queue = queueOf(store);
    const claimed = await queue.dequeue("worker-1");
    await store.beat({ id: "worker-idle", leaseMs: 30_000 });
    await backupDatabase({ from: path, to: backup });
    if (!claimed) throw new Error("Nothing was claimed");
    // Since the backup: the job ended, another was claimed under the next token.
    await queue.completeJob(claimed);
    await queue.enqueue("mail", { n: 2 });
    const later = await queue.dequeue("worker-1");
    await store.close();
    copyFileSync(path, join(folder.path, "later.db"));

    expect(await restoreDatabase({ from: backup, to: path })).toMatchObject({ handedBack: 1 });
    await withStore(async (restored) => {
      expect(await restored.getJob(claimed.id)).toMatchObject({ status: "pending", attempts: 0 });
      expect(await restored.workers()).toEqual([]);
      await expect(queueOf(restored).completeJob(claimed)).rejects.toMatchObject({ code: "LEASE_LOST" });
      const again = await queueOf(restored).dequeue("worker-2");
      expect(again).toMatchObject({ id: claimed.id, attempt: 1 });
      expect(again?.leaseToken).toBeGreaterThan(later?.leaseToken ?? 0);
      // A worker that comes back with the token that would have been the next one.
      const zombie = { ...claimed, leaseToken: later?.leaseToken ?? 0 };
      await expect(queueOf(restored).completeJob(zombie)).rejects.toMatchObject({ code: "LEASE_LOST" });
      expect(Number.isSafeInteger((again?.leaseToken ?? 0) * 1_000)).toBe(true);
    });
    const suspects = readDatabase(path, (database) => database.prepare("SELECT * FROM suspect").all());
    expect(suspects).toEqual([]);
    expect(readDatabase(path, findFaults)).toEqual([]);
  });
});
