export { type BackupOptions, backupDatabase } from "./backup.ts";
export type { CopyProgress } from "./copy-database.ts";
export type { MigrationSet } from "./migration-files.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./open-sqlite-store.ts";
export { type Restored, type RestoreOptions, restoreDatabase } from "./restore.ts";
