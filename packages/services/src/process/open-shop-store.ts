import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock, StoreRefusedError } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import type { Logger } from "pino";
import type { ShopStore } from "../shop.ts";
import { type ShopTables, shopMigrations } from "../shop-tables.ts";

export interface ShopStoreSettings {
  /** Path of the database file, as `readEnvironment` gives it. */
  readonly DATABASE_URL: string;
  readonly ALLOW_NETWORK_FS?: boolean;
  /** 10,000 by default. */
  readonly DATABASE_BUSY_MS?: number;
}

export interface ShopStoreOptions {
  readonly clock?: Clock;
  /** Where it is told that the database was replaced, before the process ends with 1. */
  readonly log?: Logger;
}

/**
 * Opens the database that all apps share, with the queue's tables and the shop's; both and the folder are made at the
 * first start.
 * @throws {StoreRefusedError} if the file must not be used as it stands; the message says what to change
 */
export async function openShopStore(
  settings: ShopStoreSettings,
  { clock, log }: ShopStoreOptions = {},
): Promise<ShopStore> {
  const path = settings.DATABASE_URL;
  // Owner only, like the file: it holds addresses and payloads.
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return await openSqliteStore<ShopTables>({
    path,
    migrations: [shopMigrations],
    allowNetworkFileSystem: settings.ALLOW_NETWORK_FS ?? false,
    ...(settings.DATABASE_BUSY_MS !== undefined && { busyDeadlineMs: settings.DATABASE_BUSY_MS }),
    ...(clock && { clock }),
    ...(log && { onReplaced: (error) => endReplaced(error, log) }),
  });
}

/** No stop in order: what a handler or a request would still record is refused, and a new process can begin at once. */
function endReplaced(error: StoreRefusedError, log: Logger): void {
  log.fatal({ err: error }, "the database was replaced, or migrated by a newer program, while it was open");
  process.exit(1);
}
