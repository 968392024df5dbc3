import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import type { ShopStore } from "../shop.ts";
import { type ShopTables, shopMigrations } from "../shop-tables.ts";

export interface ShopStoreSettings {
  /** Path of the database file, as `readEnvironment` gives it. */
  readonly DATABASE_URL: string;
  readonly ALLOW_NETWORK_FS?: boolean;
}

/**
 * Opens the database that all apps share, with the queue's tables and the shop's; both and the folder are made at the
 * first start.
 * @throws {StoreRefusedError} if the file must not be used as it stands; the message says what to change
 */
export async function openShopStore(
  settings: ShopStoreSettings,
  options: { readonly clock?: Clock } = {},
): Promise<ShopStore> {
  const path = settings.DATABASE_URL;
  // Owner only, like the file: it holds addresses and payloads.
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return await openSqliteStore<ShopTables>({
    path,
    migrations: [shopMigrations],
    allowNetworkFileSystem: settings.ALLOW_NETWORK_FS ?? false,
    ...options,
  });
}
