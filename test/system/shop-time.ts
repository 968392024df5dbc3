import { join } from "node:path";
import { jobs } from "@holdfast/job-schemas";
import { createQueue } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import Database from "better-sqlite3";
import type { Pipeline } from "./pipeline.ts";

/**
 * Lets the minute pass after which the reconciler looks at open payments, and has it look now: the schedule would do
 * the same within two minutes.
 */
export async function reconcileNow({ folder }: Pipeline): Promise<void> {
  const path = join(folder, "shop.db");
  const database = new Database(path, { timeout: 10_000 });
  database.prepare("UPDATE payment_intents SET check_at = 0 WHERE check_at IS NOT NULL").run();
  database.close();
  const store = await openSqliteStore({ path });
  try {
    await createQueue({ store, jobs }).enqueue("reconcile_payments", {});
  } finally {
    await store.close();
  }
}
