export type { MigrationSet } from "./migrate.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./open-sqlite-store.ts";
