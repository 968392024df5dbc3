import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toStoreError } from "../../src/sqlite/sqlite-error.ts";
import type { Writer } from "../../src/sqlite/writer.ts";
import type { Durability } from "../../src/store.ts";
import { WriterBed } from "./writer-bed.ts";

let bed: WriterBed;
let writer: Writer;
let connections: WriterBed["connections"];
let pressure: WriterBed["pressure"];
beforeEach(() => {
  bed = new WriterBed();
  ({ writer, connections, pressure } = bed);
});
afterEach(() => bed.close());

const add = (text: string, durability?: Durability): Promise<string> => bed.add(text, durability);
const commits = (durability: Durability): number => bed.commits(durability);
const rowsOf = (table: string): unknown[] => bed.rowsOf(table);

describe("the writer", () => {
  it("commits those who come together together, each with its own answer", async () => {
    expect(await Promise.all(["a", "b", "c"].map((text) => add(text)))).toEqual(["a", "b", "c"]);
    expect([commits("normal"), commits("full")]).toEqual([1, 0]);
  });

  it("commits a group as durably as its most careful member asks", async () => {
    await Promise.all([add("a"), add("b", "full"), add("c")]);
    expect([commits("normal"), commits("full")]).toEqual([0, 1]);
    expect(connections.full.database.pragma("synchronous", { simple: true })).toBe(2);
    expect(connections.normal.database.pragma("synchronous", { simple: true })).toBe(1);
  });

  it("holds the lock for a bounded number of writes", async () => {
    await Promise.all(Array.from({ length: 450 }, (_, n) => add(String(n))));
    expect(commits("normal")).toBe(3);
  });

  it("runs a group one by one when one of it fails, and forgets what the failed try left in memory", async () => {
    const outcomes = await Promise.allSettled([add("a"), add("b"), add("a"), add("c")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(rowsOf("entry")).toEqual(["a", "b", "c"]);
    expect(rowsOf("counted")).toEqual(["a", "b", "c"]);
  });

  it("keeps the order of those who wait, transactions between them included", async () => {
    const order: string[] = [];
    const note = (text: string) => (): number => order.push(text);
    await Promise.all([
      add("a").then(note("a")),
      writer
        .transaction("full", async (connection) => connection.run("INSERT INTO entry VALUES ('b')"))
        .then(note("b")),
      add("c").then(note("c")),
    ]);
    expect(order).toEqual(["a", "b", "c"]);
    expect(rowsOf("entry")).toEqual(["a", "b", "c"]);
  });

  it("lets timers and sockets have their turn between writes that follow one another without end", async () => {
    let isOver = false;
    setImmediate(() => (isOver = true));
    let written = 0;
    while (!isOver && written < 1_000) await add(String((written += 1)));
    expect(written).toBeLessThan(200);
    expect(written).toBeGreaterThan(1);
  });

  it("takes a write that comes while the last one ends", async () => {
    for (let n = 0; n < 50; n += 1) await add(String(n));
    expect(rowsOf("entry")).toHaveLength(50);
  });

  it("asks the log's pressure before it takes the lock, and tells it when a transaction begins and ends", async () => {
    const steps: string[] = [];
    pressure.pauseMs = () => {
      steps.push(connections.full.database.inTransaction ? "asked in a transaction" : "asked");
      return 1;
    };
    pressure.began = () => steps.push(`began, in a transaction: ${connections.full.database.inTransaction}`);
    pressure.committed = () =>
      steps.push(`committed, in a transaction: ${connections.full.database.inTransaction}`);
    const step = ["asked", "began, in a transaction: true", "committed, in a transaction: false"];
    await Promise.all([add("a", "full"), add("b", "full")]);
    expect(steps).toEqual(step);
    await writer.transaction("full", async (connection) => connection.run("INSERT INTO entry VALUES ('c')"));
    expect(steps).toEqual([...step, ...step]);
  });

  it("commits nothing for a write that has lost its transaction, not even what is kept in memory", async () => {
    const lost = writer.write("normal", (connection) => {
      bed.pending.push("lost");
      connection.run("INSERT INTO entry VALUES ('lost')");
      // As SQLite does by itself on some errors, one that the write got over.
      connection.database.exec("ROLLBACK");
    });
    await expect(lost).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect([rowsOf("entry"), rowsOf("counted")]).toEqual([[], []]);
    expect(await add("next")).toBe("next");
    expect(rowsOf("counted")).toEqual(["next"]);
  });

  it("rests between its slices of the lock while other processes write", async () => {
    const isWrittenAtOnce = async (text: string): Promise<boolean> => {
      const written = add(text);
      // No timer fires meanwhile, so who rests is not through.
      for (let step = 0; step < 100; step += 1) await Promise.resolve();
      const isThrough = rowsOf("entry").includes(text);
      await written;
      return isThrough;
    };
    expect(await isWrittenAtOnce("alone")).toBe(true);
    const other = new Database(connections.normal.database.name, { timeout: 0 });
    other.exec("BEGIN IMMEDIATE");
    const met = isWrittenAtOnce("met another");
    await new Promise((resolve) => setImmediate(resolve));
    other.close();
    expect(await met).toBe(false);
    expect(await isWrittenAtOnce("in its slice")).toBe(true);
    bed.clock.advance(18);
    expect(await isWrittenAtOnce("after its slice")).toBe(false);
  });

  it("gathers in one commit what comes while the log's pressure makes it wait", async () => {
    const paused = Promise.withResolvers<void>();
    pressure.pauseMs = () => {
      paused.resolve();
      return 20;
    };
    const first = add("a");
    await paused.promise;
    const others = ["b", "c", "d"].map((text) => add(text));
    await Promise.all([first, ...others]);
    expect(commits("normal")).toBe(1);
  });

  it("does between two transactions what needs both connections free", async () => {
    const steps: string[] = [];
    await Promise.all([
      writer.transaction("normal", async (connection) => {
        connection.run("INSERT INTO entry VALUES ('a')");
        steps.push("transaction");
      }),
      writer.between(async () => {
        await Promise.resolve();
        steps.push(`between, in a transaction: ${connections.normal.database.inTransaction}`);
      }),
      add("b").then(() => steps.push("written")),
    ]);
    expect(steps).toEqual(["transaction", "between, in a transaction: false", "written"]);
    const cause = new Database.SqliteError("as the driver says it", "SQLITE_FULL");
    await expect(writer.between(() => Promise.reject(cause))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expect(await add("c")).toBe("c");
  });

  it("is idle when nothing waits any more", async () => {
    const written = add("a");
    await writer.idle();
    expect(rowsOf("entry")).toEqual(["a"]);
    await written;
  });
});

describe("what SQLite reports", () => {
  it.each([
    ["SQLITE_BUSY", "STORE_BUSY"],
    ["SQLITE_BUSY_SNAPSHOT", "STORE_BUSY"],
    ["SQLITE_FULL", "STORE_UNAVAILABLE"],
    ["SQLITE_IOERR_WRITE", "STORE_UNAVAILABLE"],
    ["SQLITE_READONLY_DBMOVED", "STORE_UNAVAILABLE"],
    ["SQLITE_CANTOPEN", "STORE_UNAVAILABLE"],
    ["SQLITE_NOTADB", "STORE_REFUSED"],
    ["SQLITE_CORRUPT_INDEX", "STORE_REFUSED"],
  ])("%s is said in the queue's terms: %s, with its cause", (code, said) => {
    const cause = new Database.SqliteError("as the driver says it", code);
    expect(toStoreError(cause)).toMatchObject({ code: said, cause });
  });

  it.each([new Database.SqliteError("duplicate", "SQLITE_CONSTRAINT_PRIMARYKEY"), new Error("other"), null])(
    "%s is passed on as it is",
    (error) => {
      expect(toStoreError(error)).toBe(error);
    },
  );
});
