import { backupDatabase } from "@holdfast/queue-core/sqlite";
import { megabytes, runCopyCommand } from "./command.ts";

// `pnpm backup`; in an image, `node packages/services/dist/database/backup.js`.
await runCopyCommand({
  help: `Backs up the database that DATABASE_URL names, while the apps go on working with it.

  pnpm backup <file>           writes the backup to <file>, which must not be there yet
  pnpm backup <file> --force   replaces <file>
  pnpm backup --help

A relative <file> lies in the workspace's folder, in a container in /data. The backup is one file, readable by you
alone, checked before it gets its name. Never copy the database's own file instead: what was committed last is not
in it.`,
  run: async ({ database, backup, force }, onProgress) => {
    const bytes = await backupDatabase({ from: database, to: backup, overwrite: force, onProgress });
    return `${backup} (${megabytes(bytes)}) has all that was in ${database} when the backup began`;
  },
});
