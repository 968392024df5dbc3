import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createQueue } from "../../../src/index.ts";
import { backupDatabase, openSqliteStore, restoreDatabase } from "../../../src/sqlite/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";
import { newJob } from "../../conformance/new-jobs.ts";
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

async function fill(jobs: number): Promise<string[]> {
  const store = await openSqliteStore({ path });
  const queue = createQueue({ store, jobs: JOB_TYPES });
  const added = await Promise.all(Array.from({ length: jobs }, (_, n) => queue.enqueue("mail", { n })));
  await store.close();
  return added.map(({ id }) => id);
}

const idsIn = (file: string): Set<string> =>
  new Set(
    readDatabase(file, (database) => database.prepare<[], string>("SELECT id FROM jobs").pluck().all()),
  );

describe("a backup", { timeout: 240_000 }, () => {
  it("under load of four processes has all that was acknowledged before it began, and is sound", async () => {
    const backups = isFullSize ? 20 : 2;
    await fill(isFullSize ? 20_000 : 500);
    const witnesses = ["a", "b", "c", "d"].map((name) => join(folder.path, name));
    const children = await Promise.all(
      witnesses.map(async (witness, n) => {
        const child = await ChildProcess.start(openProcess, [path, witness, n < 2 ? "full" : "normal"]);
        await child.heard("writing");
        return child;
      }),
    );
    const acknowledged = (): string[] =>
      witnesses.flatMap((file) => readFileSync(file, "utf8").split("\n").slice(0, -1));
    let missing = 0;
    let faults = 0;
    for (let n = 0; n < backups; n += 1) {
      const before = acknowledged();
      await backupDatabase({ from: path, to: backup, overwrite: true });
      const stored = idsIn(backup);
      missing += before.filter((id) => !stored.has(id)).length;
      faults += readDatabase(backup, findFaults).length;
    }
    const during = acknowledged().length;
    for (const child of children) child.send("stop");
    expect((await Promise.all(children.map((child) => child.exit()))).map(({ code }) => code)).toEqual([
      0, 0, 0, 0,
    ]);
    expect([missing, faults]).toEqual([0, 0]);
    expect(readDatabase(path, findFaults)).toEqual([]);
    reportFigures({
      fault: "a backup while four processes write",
      size: `${backups} backups, ${during} jobs acknowledged meanwhile`,
      saw: { "acknowledged before it and not in it": missing, "invariants broken": faults },
    });
  });

  it("is one file for its owner alone, and tells how far it is", async () => {
    await fill(200);
    const told: number[] = [];
    const bytes = await backupDatabase({
      from: path,
      to: backup,
      onProgress: ({ doneBytes, totalBytes }) => told.push(doneBytes / totalBytes),
    });
    expect(bytes).toBe(statSync(backup).size);
    expect((statSync(backup).mode & 0o777).toString(8)).toBe("600");
    expect(readdirSync(folder.path)).toEqual(["backup.db", "jobs.db"]);
    expect(told.length).toBeGreaterThan(0);
    readDatabase(backup, (database) => {
      expect(database.pragma("journal_mode", { simple: true })).toBe("delete");
    });
  });

  it("shows one moment: writers neither get into it nor make it begin again", async () => {
    const store = await openSqliteStore({ path });
    const job = newJob({ payload: JSON.stringify("x".repeat(3_000)) });
    await store.enqueue(
      Array.from({ length: 4_000 }, () => job),
      { durability: "normal" },
    );
    const other = new Database(path, { timeout: 10_000 });
    const entries = "SELECT count(*) FROM audit_log";
    let steps = 0;
    await backupDatabase({
      from: path,
      to: backup,
      onProgress: () => {
        steps += 1;
        // Bounded: a copy that began anew at each write would never end.
        if (steps < 20)
          other.exec("INSERT INTO audit_log (at, actor, action, subject) VALUES (1, 'a', 'b', 'c')");
      },
    });
    expect(steps).toBeGreaterThan(2);
    expect(other.prepare(entries).pluck().get()).toBe(steps);
    other.close();
    await store.close();
    expect(readDatabase(backup, (database) => database.prepare(entries).pluck().get())).toBe(0);
    expect(readDatabase(backup, findFaults)).toEqual([]);
  });

  it("replaces nothing unless asked to, and never what a process has open", async () => {
    await fill(1);
    writeFileSync(backup, "an older backup");
    const again = { from: path, to: backup };
    await expect(backupDatabase(again)).rejects.toMatchObject(refused(/is there already/));
    expect(readFileSync(backup, "utf8")).toBe("an older backup");
    await backupDatabase({ ...again, overwrite: true });
    expect(idsIn(backup)).toEqual(idsIn(path));

    await expect(backupDatabase({ ...again, to: path, overwrite: true })).rejects.toMatchObject(
      refused(/is the database itself/),
    );
    const other = join(folder.path, "other.db");
    const store = await openSqliteStore({ path: other });
    await expect(backupDatabase({ from: path, to: other, overwrite: true })).rejects.toMatchObject(
      refused(/A process has the database .*other\.db open/),
    );
    await store.close();
  });

  it("of a damaged database is refused, and leaves nothing behind", async () => {
    await fill(2_000);
    const content = readFileSync(path);
    content.fill(0, content.length - 40 * 4_096, content.length - 20 * 4_096);
    writeFileSync(path, content);
    await expect(backupDatabase({ from: path, to: backup })).rejects.toMatchObject(refused(/damaged/));
    await expect(backupDatabase({ from: join(folder.path, "no.db"), to: backup })).rejects.toMatchObject(
      refused(/There is no database/),
    );
    expect(readdirSync(folder.path)).toEqual(["jobs.db"]);
  });

  it("of a database that is damaged where only reading all of it shows is refused, too", async () => {
    await fill(2_000);
    const content = readFileSync(path);
    const leaves = readDatabase(path, (database) =>
      database
        .prepare<[], number>(
          "SELECT pageno FROM dbstat WHERE name = 'job' AND pagetype = 'leaf' ORDER BY path",
        )
        .pluck()
        .all(),
    );
    const at = ((leaves[Math.floor(leaves.length / 2)] ?? 0) - 1) * 4_096;
    writeFileSync(path, content.fill(0, at, at + 4_096));
    await expect(backupDatabase({ from: path, to: backup })).rejects.toMatchObject(
      refused(/^The database .* is damaged: /),
    );
    expect(readdirSync(folder.path)).toEqual(["jobs.db"]);
  });

  it("made with cp instead lacks what was committed last, or is refused", async () => {
    const store = await openSqliteStore({ path });
    const queue = createQueue({ store, jobs: JOB_TYPES });
    const { id } = await queue.enqueue("mail", { n: 1 });
    // What cp gets of a database that was never checkpointed: the file without its log.
    copyFileSync(path, backup);
    await expect(restoreDatabase({ from: backup, to: join(folder.path, "new.db") })).rejects.toMatchObject(
      refused(/none of the queue's tables/),
    );
    await store.checkpoint();
    const later = await queue.enqueue("mail", { n: 2 });
    copyFileSync(path, backup);
    expect(idsIn(backup)).toEqual(new Set([id]));
    // cp reads on while a checkpoint makes the file longer: the copy is of two moments.
    truncateSync(backup, statSync(backup).size - 3 * 4_096);
    await expect(restoreDatabase({ from: backup, to: join(folder.path, "new.db") })).rejects.toMatchObject(
      refused(/damaged/),
    );
    expect(later.id).not.toBe(id);
    await store.close();
  });
});
