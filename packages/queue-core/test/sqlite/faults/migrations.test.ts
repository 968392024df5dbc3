import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { seededRandom, seedOfRun } from "../../../src/testing/index.ts";
import { newJob } from "../../conformance/new-jobs.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { ChildProcess } from "../child-process.ts";
import { findFaults } from "../invariants.ts";
import { createFolder, readDatabase } from "../sqlite-test-database.ts";

let folder: ReturnType<typeof createFolder>;
beforeEach(() => {
  folder = createFolder();
});
afterEach(() => folder.remove());

const opening = new URL("./opening-process.ts", import.meta.url);

const FIRST = "CREATE TABLE a (n INTEGER PRIMARY KEY) STRICT; INSERT INTO a VALUES (1), (2);";
const TABLES = 12;
const ROWS = 99;
const each = (sql: (n: number) => string): string[] => Array.from({ length: TABLES }, (_, n) => sql(n));
/** Version 2 renames what version 1 made, changes its rows, and adds tables with rows and indexes. */
const SECOND = [
  "ALTER TABLE a RENAME TO b",
  "ALTER TABLE b ADD COLUMN text TEXT NOT NULL DEFAULT ''",
  ...each((n) => `CREATE TABLE c${n} (n INTEGER PRIMARY KEY, text TEXT) STRICT`),
  ...each((n) => `CREATE INDEX c${n}_by_text ON c${n} (text)`),
  `WITH RECURSIVE r (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < ${ROWS})
   INSERT INTO c1 SELECT n, hex(zeroblob(500)) FROM r`,
  "UPDATE b SET text = 'filled'",
];

/** The migrations of an old program and of a new one; after each statement is a place to die. */
function writeMigrations(): { readonly old: string; readonly new: string } {
  const [old, both] = [join(folder.path, "old/"), join(folder.path, "new/")];
  for (const directory of [old, both]) {
    mkdirSync(directory);
    writeFileSync(join(directory, "0001-first.sql"), FIRST);
  }
  const second = SECOND.map((statement, n) => `${statement}; SELECT step(${n});`).join("\n");
  writeFileSync(join(both, "0002-second.sql"), second);
  return { old, new: both };
}

async function migrateInProcess(path: string, directory: string, killAt: string): Promise<number | null> {
  const script = new URL("./migrating-process.ts", import.meta.url);
  const child = await ChildProcess.start(script, [path, directory, killAt]);
  return (await child.exit()).code;
}

/** Whether a database stands as the old program left it, as the new one does, or in between. */
function standing(path: string): "old" | "new" | "between" {
  return readDatabase(path, (database) => {
    const list = (sql: string): string => database.prepare(sql).raw().all().join();
    const names = list("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name");
    const state = [names, list("SELECT version FROM migration"), list("PRAGMA integrity_check")].join(" ");
    if (state === "a,migration 1 ok" && list("SELECT * FROM a") === "1,2") return "old";
    const added = [...each((n) => `c${n}`), ...each((n) => `c${n}_by_text`)].toSorted();
    if (state !== `b,${added.join()},migration 1,2 ok`) return "between";
    const rows = `${list("SELECT * FROM b")} ${list("SELECT count(*) FROM c1")}`;
    return rows === `1,filled,2,filled ${ROWS}` ? "new" : "between";
  });
}

/** How long a fresh process takes to open a new database, in milliseconds. */
async function timeOpening(): Promise<number> {
  const path = join(folder.path, "timed.db");
  const child = await ChildProcess.start(opening, []);
  const begin = performance.now();
  child.send(path);
  await child.heard(`opened ${path}`);
  const tookMs = performance.now() - begin;
  child.kill();
  await child.exit();
  return tookMs;
}

describe("a migration that is killed", { timeout: 600_000 }, () => {
  it("between two statements leaves the old tables, after the last the new; the next start goes on", async () => {
    const seed = seedOfRun("migrations");
    const random = seededRandom(seed);
    const directories = writeMigrations();
    const old = join(folder.path, "old.db");
    expect(await migrateInProcess(old, directories.old, "never")).toBe(0);
    const all = SECOND.map((_, n) => n);
    const moments = isFullSize ? all : [Math.floor(random() * all.length), all.length - 1];
    const seen = { old: 0, new: 0, between: 0 };
    for (const moment of [...moments, "end"]) {
      const path = join(folder.path, `${moment}.db`);
      copyFileSync(old, path);
      expect(await migrateInProcess(path, directories.new, String(moment))).toBeNull();
      seen[standing(path)] += 1;
    }
    expect(seen).toEqual({ old: moments.length, new: 1, between: 0 });
    const goesOn = join(folder.path, `${moments[0]}.db`);
    expect(await migrateInProcess(goesOn, directories.new, "never")).toBe(0);
    expect(standing(goesOn)).toBe("new");
    reportFigures({
      fault: "SIGKILL between the statements of a migration, and after the last",
      size: `${moments.length + 1} kills`,
      seed,
      saw: { "old tables": seen.old, "new tables": seen.new, "something between": seen.between },
    });
  });

  it("at any moment leaves a database that the next start can use", async () => {
    const seed = seedOfRun("migrations");
    const random = seededRandom(seed);
    const kills = isFullSize ? 40 : 3;
    const seen = { "no tables yet": 0, "all tables": 0, "invariants broken": 0 };
    const tookMs = await timeOpening();
    for (let n = 0; n < kills; n += 1) {
      const path = join(folder.path, `${n}.db`);
      const child = await ChildProcess.start(opening, []);
      child.send(path);
      await sleep(random() * 1.2 * tookMs);
      child.kill();
      await child.exit();
      const hadTables = readDatabase(path, (database) =>
        database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get(),
      );
      seen[hadTables === 0 ? "no tables yet" : "all tables"] += 1;
      const store = await openSqliteStore({ path });
      await store.enqueue([newJob()], { durability: "full" });
      await store.close();
      seen["invariants broken"] += readDatabase(path, findFaults).length;
    }
    expect(seen["invariants broken"]).toBe(0);
    reportFigures({
      fault: "SIGKILL while a new database is opened and migrated",
      size: `${kills} kills`,
      seed,
      saw: seen,
    });
  });
});

describe("six processes that open one new database at the same moment", { timeout: 600_000 }, () => {
  it("migrate it once, every time", async () => {
    const rounds = isFullSize ? 20 : 2;
    const children = await Promise.all(Array.from({ length: 6 }, () => ChildProcess.start(opening, [])));
    const seen = { "jobs missing": 0, "migrations applied twice": 0, "invariants broken": 0 };
    for (let round = 0; round < rounds; round += 1) {
      const path = join(folder.path, `${round}.db`);
      for (const child of children) child.send(path);
      await Promise.all(children.map((child) => child.heard(`opened ${path}`)));
      const count = (what: string): number =>
        Number(readDatabase(path, (database) => database.prepare(`SELECT ${what}`).pluck().get()));
      seen["jobs missing"] += children.length - count("count(*) FROM job");
      seen["migrations applied twice"] += count("count(*) - count(DISTINCT version) FROM migration");
      seen["invariants broken"] += readDatabase(path, findFaults).length;
    }
    expect(seen).toEqual({ "jobs missing": 0, "migrations applied twice": 0, "invariants broken": 0 });
    for (const child of children) child.kill();
    await Promise.all(children.map((child) => child.exit()));
    reportFigures({
      fault: "six processes migrate a new database at once",
      size: `${rounds} rounds`,
      saw: seen,
    });
  });
});
