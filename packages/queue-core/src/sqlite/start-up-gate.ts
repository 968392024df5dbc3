import { chmodSync, closeSync, existsSync, openSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { StoreRefusedError } from "../errors.ts";
import type { Connection } from "./connection.ts";

/** Older versions have a write-ahead log reset bug that can corrupt; see https://sqlite.org/wal.html#walreset. */
const OLDEST_SQLITE = [3, 51, 3] as const;

/** File systems on which SQLite's locks or its shared memory do not work; numbers from statfs(2). */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, "nfs"],
  [0x517b, "smb"],
  [0xff534d42, "cifs"],
  [0xfe534d42, "smb2"],
  [0x01021997, "9p"],
  [0x65735546, "fuse or virtiofs"],
]);

export interface PlaceOptions {
  readonly allowNetworkFileSystem: boolean;
  /** The file system that a folder lies on, as statfs(2) tells it. */
  readonly fileSystemOf?: (folder: string) => number;
}

/**
 * Refuses a place where SQLite cannot keep its promises, and makes a new file readable by its owner only.
 * @throws {StoreRefusedError} with what to change
 */
export function checkPlace(path: string, options: PlaceOptions): void {
  checkFolder(path, options);
  createPrivately(path);
}

/**
 * Refuses a place where SQLite cannot keep its promises.
 * @throws {StoreRefusedError} with what to change
 */
export function checkFolder(path: string, options: PlaceOptions): void {
  // Not text: a variable of the environment that was not set, say.
  if (typeof path !== "string" || path === "" || path === ":memory:" || path.startsWith("file:")) {
    throw new StoreRefusedError(
      `The database must be the path of a file, got ${JSON.stringify(path)}: other connections and processes could ` +
        "not open it. Tests have MemoryDatabase in @holdfast/queue-core/testing",
    );
  }
  const { allowNetworkFileSystem, fileSystemOf = (folder) => statfsSync(folder).type } = options;
  const folder = dirname(path);
  let type: number;
  try {
    type = fileSystemOf(folder);
  } catch (cause) {
    throw new StoreRefusedError(
      `The folder ${folder} of the database cannot be read: create it, or correct the path`,
      { cause },
    );
  }
  const network = networkFileSystem(type);
  if (network && !allowNetworkFileSystem) {
    throw new StoreRefusedError(
      `The database ${path} lies on a network file system (${network}), where SQLite's locks are not safe: ` +
        "use a local disk, or set ALLOW_NETWORK_FS=1 (`allowNetworkFileSystem` in code) if you know better",
    );
  }
}

/**
 * The name of a file system that is reached over a network.
 * @param type as statfs(2) tells it
 */
export function networkFileSystem(type: number): string | undefined {
  return NETWORK_FILE_SYSTEMS.get(type);
}

/**
 * Creates the file with mode 0600 before SQLite sees it; `-wal` and `-shm` inherit the mode. "wx" never opens a file
 * that exists: closing such a descriptor would drop the locks SQLite holds on it in this process.
 */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EEXIST") {
      throw new StoreRefusedError(`The database ${path} cannot be created: check the folder's permissions`, {
        cause: error,
      });
    }
    if (!statSync(path).isFile()) {
      throw new StoreRefusedError(`The database ${path} is no file: correct the path`, { cause: error });
    }
  }
}

/**
 * Takes a database that was there already, and what lies beside it, away from other users. Only once SQLite has read
 * it: a wrong path leads to somebody else's file, whose mode is not ours to change.
 */
export function makePrivate(path: string): void {
  chmodSync(path, 0o600);
  for (const beside of [`${path}-wal`, `${path}-shm`]) if (existsSync(beside)) chmodSync(beside, 0o600);
}

/**
 * Sets what every connection needs.
 * @throws {StoreRefusedError} if SQLite is too old or write-ahead logging cannot be switched on
 */
export function prepareConnection(connection: Connection, synchronous: "FULL" | "NORMAL"): void {
  const { database } = connection;
  assertVersion(database);
  const mode = database.pragma("journal_mode = WAL", { simple: true });
  if (mode !== "wal") {
    throw new StoreRefusedError(
      `Write-ahead logging cannot be switched on (journal mode is ${String(mode)}): use a local disk`,
    );
  }
  database.pragma(`synchronous = ${synchronous}`);
  database.pragma("foreign_keys = ON");
  // 16 MB. The scheduler checkpoints every second; this is the backstop when none runs, or when more is written.
  database.pragma("wal_autocheckpoint = 4000");
  // 2 MB: a process has four connections, and neither 4 MB nor the driver's default of 16 was measured to be faster.
  database.pragma("cache_size = -2000");
  // A log that has been longer is cut back to this when it begins anew.
  database.pragma("journal_size_limit = 4194304");
}

function assertVersion(database: Database.Database): void {
  const { version } = database.prepare("SELECT sqlite_version() AS version").get() as { version: string };
  if (isOlder(version, OLDEST_SQLITE)) {
    throw new StoreRefusedError(
      `SQLite ${version} is too old: ${OLDEST_SQLITE.join(".")} or newer is needed`,
    );
  }
}

/** Whether a dotted version is older than another. */
export function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  for (const [i, least] of than.entries()) {
    const part = parts[i] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}
