import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../src/sqlite/connection.ts";
import type { Durability } from "../../src/store.ts";
import { WriterBed } from "./writer-bed.ts";

let bed: WriterBed;
beforeEach(() => {
  bed = new WriterBed();
});
afterEach(() => bed.close());

/** A callback that awaits each of its statements, and what goes on between them. */
function addInParts(
  text: string,
  between: (connection: Connection) => unknown = () => undefined,
  durability: Durability = "full",
): Promise<string> {
  return bed.writer.transaction(durability, async (connection, scope) => {
    bed.pending.push(text);
    connection.run("INSERT INTO entry VALUES (?)", text);
    await between(connection);
    await Promise.resolve();
    // What the store's own end of a transaction refuses once that has ended.
    if (scope.isOpen) connection.run("INSERT INTO entry VALUES (?)", `${text}, then`);
    return text;
  });
}

const texts = (count: number): string[] => Array.from({ length: count }, (_, n) => `t${n}`);
const pairs = (kept: readonly string[]): string[] => kept.flatMap((text) => [text, `${text}, then`]);
const failed = (outcomes: readonly PromiseSettledResult<unknown>[]): number[] =>
  outcomes.flatMap(({ status }, i) => (status === "rejected" ? [i] : []));

describe("transactions that wait together", () => {
  it("share one commit, run one after the other and answer in their order", async () => {
    const answered: string[] = [];
    const all = texts(50).map((text) => addInParts(text).then((answer) => answered.push(answer)));
    await Promise.all(all);
    expect([bed.commits("full"), bed.commits("normal")]).toEqual([1, 0]);
    expect(answered).toEqual(texts(50));
    expect(bed.rowsOf("entry")).toEqual(pairs(texts(50)));
    expect(bed.rowsOf("counted")).toEqual(texts(50));
  });

  it("share it with writes, in the order in which all came, as durably as one of them asks", async () => {
    const calls = [bed.add("a"), addInParts("b", undefined, "normal"), bed.add("c", "full"), addInParts("d")];
    await Promise.all(calls);
    expect([bed.commits("full"), bed.commits("normal")]).toEqual([1, 0]);
    expect(bed.rowsOf("entry")).toEqual(["a", ...pairs(["b"]), "c", ...pairs(["d"])]);
  });

  it("answer nobody before the commit", async () => {
    const inTransaction: boolean[] = [];
    const note = (): void => void inTransaction.push(bed.connections.full.database.inTransaction);
    await Promise.all(texts(5).map((text) => addInParts(text).then(note)));
    const refusal = addInParts("t9", () => Promise.reject(new Error("no"))).catch(note);
    await Promise.all([refusal, addInParts("t10").then(note)]);
    expect(inTransaction).toEqual(Array(7).fill(false));
  });

  it("fail alone when one throws: it leaves nothing, in memory neither, and its error arrives as it is", async () => {
    const thrown = new Error("changed my mind");
    const outcomes = await Promise.allSettled(
      texts(10).map((text, i) => addInParts(text, () => i === 4 && Promise.reject(thrown))),
    );
    expect(failed(outcomes)).toEqual([4]);
    expect(outcomes[4]).toMatchObject({ reason: thrown });
    const kept = texts(10).toSpliced(4, 1);
    expect(bed.rowsOf("entry")).toEqual(pairs(kept));
    expect(bed.rowsOf("counted")).toEqual(kept);
    expect(bed.commits("full")).toBe(1);
  });

  it("let a write between them fail alone, too", async () => {
    const outcomes = await Promise.allSettled([addInParts("a"), bed.add("a"), addInParts("b")]);
    expect(failed(outcomes)).toEqual([1]);
    expect(bed.rowsOf("entry")).toEqual(pairs(["a", "b"]));
    expect(bed.rowsOf("counted")).toEqual(["a", "b"]);
  });

  it("are kept when one waits for foreign work, which is rolled back; those behind it run next", async () => {
    const outcomes = await Promise.allSettled(
      texts(6).map((text, i) => addInParts(text, () => (i === 2 ? sleep(1) : undefined))),
    );
    expect(failed(outcomes)).toEqual([2]);
    expect(outcomes[2]).toMatchObject({ reason: { code: "TRANSACTION_STALLED" } });
    const kept = texts(6).toSpliced(2, 1);
    expect(bed.rowsOf("entry")).toEqual(pairs(kept));
    expect(bed.rowsOf("counted")).toEqual(kept);
    expect(bed.commits("full")).toBe(2);
  });

  it("commit nothing when all of them throw", async () => {
    const outcomes = await Promise.allSettled(
      texts(3).map((text) => addInParts(text, () => Promise.reject(new Error("no")))),
    );
    expect(failed(outcomes)).toEqual([0, 1, 2]);
    expect(bed.commits("full")).toBe(0);
    expect([bed.rowsOf("entry"), bed.rowsOf("counted")]).toEqual([[], []]);
  });

  it("run again, but for the one through whom the transaction was lost", async () => {
    // As SQLite does by itself after some errors of the disk.
    const lose = (connection: Connection): unknown => connection.run("ROLLBACK");
    const outcomes = await Promise.allSettled(
      texts(5).map((text, i) => addInParts(text, i === 3 ? lose : undefined)),
    );
    expect(failed(outcomes)).toEqual([3]);
    expect(bed.rowsOf("counted")).toEqual(texts(5).toSpliced(3, 1));
  });

  it("go one by one when the commit refuses what one of them did", async () => {
    const orphan = (connection: Connection): unknown => connection.run("INSERT INTO child VALUES ('nobody')");
    const outcomes = await Promise.allSettled(
      texts(4).map((text, i) => addInParts(text, i === 1 ? orphan : undefined)),
    );
    expect(failed(outcomes)).toEqual([1]);
    const kept = texts(4).toSpliced(1, 1);
    expect(bed.rowsOf("entry")).toEqual(pairs(kept));
    expect(bed.rowsOf("counted")).toEqual(kept);
  });

  it("are no more in one commit than the lock may be held for: 200, and none begins after 5 ms", async () => {
    await Promise.all(texts(450).map((text) => addInParts(text)));
    expect(bed.commits("full")).toBe(3);
    const slow = (): void => bed.clock.advance(2);
    await Promise.all(texts(6).map((text) => addInParts(`slow ${text}`, slow)));
    expect(bed.commits("full")).toBe(3 + 2);
  });

  it("cost a lone one no savepoint", async () => {
    await addInParts("a");
    expect(bed.connections.full.statements.filter((sql) => /SAVEPOINT|RELEASE/.test(sql))).toEqual([]);
  });
});
