import { restoreDatabase } from "@holdfast/queue-core/sqlite";
import { shopMigrations } from "../shop-tables.ts";
import { runCopyCommand } from "./command.ts";

// `pnpm restore`; in an image, `node packages/services/dist/database/restore.js`.
await runCopyCommand({
  help: `Puts a backup in the place of the database that DATABASE_URL names. Stop the apps first.

  pnpm restore <file>           replaces the database by the backup <file>, which stays as it is
  pnpm restore <file> --force   also if the database is damaged, or the file in its place is none of ours
  pnpm restore --help

A relative <file> lies in the workspace's folder, in a container in /data. The backup is checked first: one that is
damaged or newer than this program changes nothing. The database that is replaced stays beside the new one, under a name
with "replaced" and the time in it; remove it when you are sure. What happened after the backup is forgotten: jobs that
ended since then run again, under the same idempotency keys.`,
  run: async ({ database, backup, force, allowNetworkFileSystem }, onProgress) => {
    const { kept, handedBack } = await restoreDatabase({
      from: backup,
      to: database,
      migrations: [shopMigrations],
      replaceUnreadable: force,
      allowNetworkFileSystem,
      onProgress,
    });
    const before = kept === null ? "There was no database before" : `What it replaced is kept as ${kept}`;
    return `${database} is what ${backup} has, with ${handedBack} running jobs handed back. ${before}`;
  },
});
