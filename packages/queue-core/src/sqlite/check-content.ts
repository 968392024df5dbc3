import { existsSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { StoreRefusedError } from "../errors.ts";
import { Connection } from "./connection.ts";
import { missing } from "./migrate.ts";
import { type MigrationSet, QUEUE_TABLES, readMigrations } from "./migration-files.ts";

/** A table, index or view. */
interface SchemaEntry {
  readonly type: string;
  readonly name: string;
}

/**
 * Refuses a file that is no database, is damaged where that shows without reading all of it, belongs to another program
 * or is newer than the code. It only reads, so that a refused file stays as it was: header and schema, which SQLite
 * checks against the file's size, and the first pages of each of the queue's tables. Damage further down is met when
 * it is read.
 * @param sets the tables that the program knows; none of them may be newer in the file
 * @param options.adopt whether a database that another program made may be taken over
 * @throws {StoreRefusedError}
 * @throws {Database.SqliteError} if the database is busy
 */
export function checkContent(
  path: string,
  sets: readonly MigrationSet[],
  { adopt = false }: { readonly adopt?: boolean },
): void {
  lookInto(path, (connection) => {
    const found = readSchema(connection);
    if (found.length === 0) return;
    if (isOurs(connection, found)) assertSound(path, connection, found, sets);
    else assertAdoptable(path, found, adopt);
  });
}

/**
 * Refuses what is not a sound database of ours, an empty one included.
 * @throws {StoreRefusedError}
 * @throws {Database.SqliteError} if the database is busy
 */
export function assertOurs(path: string, sets: readonly MigrationSet[]): void {
  lookInto(path, (connection) => {
    const found = readSchema(connection);
    if (!isOurs(connection, found))
      throw new StoreRefusedError(`The database ${path} has none of the queue's tables: correct the path`);
    assertSound(path, connection, found, sets);
  });
}

/**
 * Reads a database without changing its file.
 * @throws {StoreRefusedError} if it is no database or damaged
 */
function lookInto<Result>(path: string, read: (connection: Connection) => Result): Result {
  const connection = openToRead(path);
  try {
    return read(connection);
  } catch (cause) {
    // What it cannot open for another reason (a permission, a full disk) is no damage; that is told elsewhere.
    if (!(cause instanceof Database.SqliteError) || !/^SQLITE_(NOTADB|CORRUPT|ERROR)/.test(cause.code))
      throw cause;
    throw new StoreRefusedError(
      `The file ${path} is no SQLite database, is encrypted, or is damaged (${cause.code}: ${cause.message}). ` +
        "It was left as it is: correct the path, or restore a backup",
      { cause },
    );
  } finally {
    connection.close();
  }
}

/**
 * The last connection to close copies what is in the log into the database and deletes the log, unless it may only
 * read; one that may only read leaves the log behind that it had to make. So: read-only where there is a log already.
 */
export function openToRead(path: string): Connection {
  return new Connection(path, { readonly: existsSync(`${path}-wal`) });
}

function readSchema({ database }: Connection): SchemaEntry[] {
  const all = database.prepare<[], SchemaEntry>("SELECT type, name FROM sqlite_schema").all();
  return all.filter(({ name }) => !name.startsWith("sqlite_"));
}

/** The table of migrations, in our columns, says that the queue's were applied; they come all or none. */
function isOurs(connection: Connection, found: readonly SchemaEntry[]): boolean {
  if (!found.some(({ type, name }) => type === "table" && name === "migration")) return false;
  const columns = connection.all<{ name: string }>("SELECT name FROM pragma_table_info('migration')");
  if (columns.map(({ name }) => name).join() !== "scope,version,name,applied_at") return false;
  return connection.get("SELECT 1 FROM migration WHERE scope = 'queue'") !== undefined;
}

function assertAdoptable(path: string, found: readonly SchemaEntry[], adopt: boolean): void {
  const tables = found.filter(({ type }) => type === "table").map(({ name }) => name);
  const some = `${tables.slice(0, 3).join(", ")}${tables.length > 3 ? ", …" : ""}`;
  if (!adopt) {
    throw new StoreRefusedError(
      `The database ${path} is another program's: it has tables (${some}) but none of the queue's. Correct the ` +
        "path; if these tables are your application's own, open it with adopt: true",
    );
  }
  const taken = new Set(["migration", ...expectedSchema(Number.POSITIVE_INFINITY).map(({ name }) => name)]);
  const clash = found.find(({ name }) => taken.has(name));
  if (!clash) return;
  throw new StoreRefusedError(
    `The database ${path} has a ${clash.type} ${clash.name}, a name that the queue needs: rename it, or give the ` +
      "queue a file of its own",
  );
}

function assertSound(
  path: string,
  connection: Connection,
  found: readonly SchemaEntry[],
  sets: readonly MigrationSet[],
): void {
  for (const set of sets) missing(connection, set);
  const names = new Set(found.map(({ type, name }) => `${type} ${name}`));
  const { version } = connection.get<{ version: number }>(
    "SELECT max(version) AS version FROM migration WHERE scope = ?",
    QUEUE_TABLES.scope,
  ) ?? { version: 0 };
  for (const { type, name } of expectedSchema(version)) {
    if (!names.has(`${type} ${name}`)) {
      throw new StoreRefusedError(
        `The database ${path} has lost its ${type} ${name}. It was left as it is: restore a backup`,
      );
    }
    // A seek to the first row reads the pages from the root down. Without an index: one could stand in for the table.
    if (type === "table") connection.get(`SELECT 1 FROM "${name}" NOT INDEXED LIMIT 1`);
  }
  assertWhole(path, connection);
}

/** SQLite itself refuses a file that lacks whole pages, but reads zeros where the last page is cut. */
function assertWhole(path: string, { database }: Connection): void {
  const logBytes = (): number => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  // Pages that are still in the log alone are counted, too.
  if (logBytes() > 0) return;
  const pages = Number(database.pragma("page_count", { simple: true }));
  const bytes = pages * Number(database.pragma("page_size", { simple: true }));
  const size = statSync(path).size;
  // Another process may have begun to write meanwhile; it writes to the log first.
  if (size >= bytes || logBytes() > 0) return;
  throw new StoreRefusedError(
    `The database ${path} is cut off: it has ${size} bytes of ${bytes}. It was left as it is: restore a backup`,
  );
}

const expectedSchemas = new Map<number, readonly SchemaEntry[]>();

/** What the queue's migrations up to a version make, tried out in memory. */
function expectedSchema(version: number): readonly SchemaEntry[] {
  const known = expectedSchemas.get(version);
  if (known) return known;
  const connection = new Connection(":memory:");
  try {
    for (const migration of readMigrations(QUEUE_TABLES))
      if (migration.version <= version) connection.database.exec(migration.sql);
    const schema = readSchema(connection);
    expectedSchemas.set(version, schema);
    return schema;
  } finally {
    connection.close();
  }
}
