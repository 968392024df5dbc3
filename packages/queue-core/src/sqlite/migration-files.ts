import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { StoreRefusedError } from "../errors.ts";

/** A folder of `NNNN-name.sql` files that are applied once, in order. */
export interface MigrationSet {
  /** Whose tables these are, e.g. `shop`; versions count per scope. `queue` is the queue's own. */
  readonly scope: string;
  readonly directory: URL;
}

/** The queue's own. */
export const QUEUE_TABLES: MigrationSet = {
  scope: "queue",
  directory: new URL("./migrations/", import.meta.url),
};

export interface Migration {
  readonly version: number;
  readonly file: string;
  readonly name: string;
  readonly sql: string;
}

/**
 * The queue's tables and those of an application.
 * @throws {StoreRefusedError} if a scope is taken: versions count per scope, so one set would hide the other's files
 */
export function withQueueTables(sets: readonly MigrationSet[] = []): readonly MigrationSet[] {
  const all = [QUEUE_TABLES, ...sets];
  const twice = all.find(({ scope }, i) => all.findIndex((set) => set.scope === scope) < i)?.scope;
  if (twice === undefined) return all;
  const whose = twice === QUEUE_TABLES.scope ? "is the queue's own" : "stands twice";
  throw new StoreRefusedError(
    `Among the migrations the scope "${twice}" ${whose}: give each set a scope of its own`,
  );
}

const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/;

/**
 * The migrations of a set, in order.
 * @throws {StoreRefusedError} if the folder cannot be read, a file name is malformed or a number stands twice
 */
export function readMigrations(set: MigrationSet): readonly Migration[] {
  const migrations = sqlFiles(set).map((file): Migration => {
    const [, version, name] = FILE_NAME.exec(file) ?? [];
    if (!version || !name) {
      throw new StoreRefusedError(
        `Migration ${fileURLToPath(set.directory)}${file} must be named NNNN-name.sql`,
      );
    }
    return { version: Number(version), file, name, sql: readFileSync(new URL(file, set.directory), "utf8") };
  });
  for (const [i, { version, file }] of migrations.entries()) {
    const before = migrations[i - 1];
    if (before?.version !== version) continue;
    throw new StoreRefusedError(
      `Migrations ${before.file} and ${file} of the ${set.scope} tables have one number: give one of them the next`,
    );
  }
  return migrations;
}

function sqlFiles({ scope, directory }: MigrationSet): readonly string[] {
  try {
    const files = readdirSync(directory);
    return files.filter((file) => file.endsWith(".sql")).sort();
  } catch (cause) {
    throw new StoreRefusedError(
      `The migrations of the ${scope} tables cannot be read from ${String(directory)}: correct the folder; a build ` +
        "has to copy them, as the compiler does not",
      { cause },
    );
  }
}
