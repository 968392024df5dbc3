import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Transaction } from "../../../src/store.ts";
import type { AppTables } from "../../conformance/test-database.ts";
import { FaultBed } from "./fault-bed.ts";

// On a full disk SQLite may end a transaction by itself. Whoever catches the error and goes on would write outside any.
const FULL = { name: "a full disk", code: "SQLITE_FULL", rollsBack: true, times: 1 } as const;

let bed: FaultBed;
beforeEach(async () => {
  bed = await FaultBed.open();
});
afterEach(() => bed.close());

async function addNote({ sql }: Transaction<AppTables>, id: number): Promise<void> {
  await sql.insertInto("note").values({ id, text: "noted" }).execute();
}

/** Lets the next statement fail, and catches that. */
async function failCaught(tx: Transaction<AppTables>): Promise<void> {
  bed.plan.arm(FULL, 1);
  await expect(addNote(tx, 2)).rejects.toMatchObject({ code: "SQLITE_FULL" });
}

describe("a callback that catches the error of a transaction that SQLite has rolled back", () => {
  it("writes nothing outside it, with a query or with a job", async () => {
    const before = bed.dump();
    const transaction = bed.store.transaction(async (tx) => {
      await addNote(tx, 1);
      await failCaught(tx);
      await expect(addNote(tx, 3)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await expect(bed.queue.enqueue("mail", { n: 1 }, { tx })).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
    });
    await expect(transaction).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(bed.dump()).toEqual(before);
  });

  it("is told that nothing is stored although it returned, and a completion is not counted", async () => {
    const { id } = await bed.queue.enqueue("mail", { n: 1 });
    const claimed = await bed.claim();
    const before = bed.dump();
    // What an effect is given knows no tables of the application; here it is the tests' own.
    const effect = (tx: unknown): Promise<void> => failCaught(tx as Transaction<AppTables>);
    const finished = bed.complete(claimed, { effects: [effect] });
    await expect(finished).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(bed.dump()).toEqual(before);
    await bed.complete(claimed);
    expect(await bed.status(id)).toBe("completed");
    expect(bed.faults()).toEqual([]);
  });
});
