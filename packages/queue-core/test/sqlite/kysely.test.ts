import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { JobStore } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import type { AppTables } from "../conformance/test-database.ts";
import { createFolder, NOTE_TABLES } from "./sqlite-test-database.ts";

let folder: ReturnType<typeof createFolder>;
let store: JobStore<AppTables>;
beforeEach(async () => {
  folder = createFolder();
  store = await openSqliteStore<AppTables>({ path: join(folder.path, "app.db"), migrations: [NOTE_TABLES] });
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

it("a query builder tells how many rows changed and what they are now", async () => {
  await store.transaction(async ({ sql }) => {
    const inserted = await sql
      .insertInto("note")
      .values([
        { id: 1, text: "a" },
        { id: 2, text: "b" },
      ])
      .executeTakeFirst();
    expect(inserted).toMatchObject({ insertId: 2n, numInsertedOrUpdatedRows: 2n });
    const updated = await sql.updateTable("note").set({ text: "c" }).where("id", ">", 1).executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(1n);
    const none = await sql.updateTable("note").set({ text: "c" }).where("id", "=", 9).executeTakeFirst();
    expect(none.numUpdatedRows).toBe(0n);
    const returned = await sql.updateTable("note").set({ text: "d" }).returningAll().execute();
    expect(returned).toEqual([
      { id: 1, text: "d" },
      { id: 2, text: "d" },
    ]);
    const deleted = await sql.deleteFrom("note").where("id", "=", 1).executeTakeFirst();
    expect(deleted.numDeletedRows).toBe(1n);
  });
  expect(await store.read.selectFrom("note").selectAll().execute()).toEqual([{ id: 2, text: "d" }]);
});

it("rows can be read one by one", async () => {
  await store.transaction(async ({ sql }) => {
    await sql
      .insertInto("note")
      .values([
        { id: 1, text: "a" },
        { id: 2, text: "b" },
      ])
      .execute();
  });
  const texts: string[] = [];
  for await (const { text } of store.read.selectFrom("note").select("text").orderBy("id").stream())
    texts.push(text);
  expect(texts).toEqual(["a", "b"]);
});

it("a transaction begins with store.transaction, not on its query builder", async () => {
  await store.transaction(async ({ sql }) => {
    const nested = sql.transaction().execute(async () => undefined);
    await expect(nested).rejects.toMatchObject({ code: "TRANSACTION_CLOSED" });
    await sql.insertInto("note").values({ id: 1, text: "a" }).execute();
  });
  await expect(store.read.transaction().execute(async () => undefined)).rejects.toMatchObject({
    code: "TRANSACTION_CLOSED",
  });
  expect(await store.read.selectFrom("note").selectAll().execute()).toHaveLength(1);
});

it.each([
  "COMMIT",
  " ; commit",
  "-- so\n/* be it */ END",
  "ROLLBACK",
  "savepoint part",
  "RELEASE part",
  "BEGIN",
])(
  "a callback cannot end the transaction that it may share: %s is refused, and nothing beside it is stored twice",
  async (statement) => {
    const add = store.transaction(({ sql: tx }) =>
      tx.insertInto("note").values({ id: 1, text: "a" }).execute(),
    );
    const end = store.transaction(({ sql: tx }) => sql.raw(statement).execute(tx));
    await expect(end).rejects.toMatchObject({ code: "TRANSACTION_CLOSED" });
    await add;
    expect(await store.read.selectFrom("note").selectAll().execute()).toEqual([{ id: 1, text: "a" }]);
  },
);
