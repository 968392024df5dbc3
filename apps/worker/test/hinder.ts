import type { ShopStore, ShopTables } from "@holdfast/services";
import { sql } from "kysely";

/**
 * Makes writing a column of a table fail, as a fault in the middle of recording would.
 * @returns lets it succeed again
 */
export async function hinderUpdates<Table extends keyof ShopTables>(
  store: ShopStore,
  table: Table,
  column: keyof ShopTables[Table] & string,
): Promise<() => Promise<void>> {
  const run = (statement: string) => store.transaction((tx) => sql.raw(statement).execute(tx.sql));
  await run(
    `CREATE TRIGGER hinder BEFORE UPDATE OF ${column} ON ${table} BEGIN SELECT RAISE(ABORT, 'hindered'); END`,
  );
  return async () => {
    await run("DROP TRIGGER hinder");
  };
}
