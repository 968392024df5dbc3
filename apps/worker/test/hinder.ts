import type { ShopStore } from "@holdfast/services";
import { sql } from "kysely";

/**
 * Makes writing a column of `orders` fail, as a fault in the middle of recording would.
 * @returns lets it succeed again
 */
export async function hinderOrders(store: ShopStore, column: string): Promise<() => Promise<void>> {
  const run = (statement: string) => store.transaction((tx) => sql.raw(statement).execute(tx.sql));
  await run(
    `CREATE TRIGGER hinder BEFORE UPDATE OF ${column} ON orders BEGIN SELECT RAISE(ABORT, 'hindered'); END`,
  );
  return async () => {
    await run("DROP TRIGGER hinder");
  };
}
