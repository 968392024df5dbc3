import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { StoreBusyError, StoreRefusedError, StoreUnavailableError } from "@holdfast/queue-core";
import type { CopyProgress } from "@holdfast/queue-core/sqlite";
import { readEnvironment } from "../process/environment.ts";
import { EnvironmentInvalidError } from "../process/environment-invalid-error.ts";
import { storeVariables } from "../process/variables.ts";
import { baseFolder } from "../process/workspace-root.ts";

/** What a command that copies the database is asked for. */
interface CopyRequest {
  /** Path of the database, as the apps have it. */
  readonly database: string;
  /** Path of the backup. */
  readonly backup: string;
  readonly force: boolean;
  readonly allowNetworkFileSystem: boolean;
}

export interface CopyCommand {
  readonly help: string;
  /** Does it; returns the sentence to end with. */
  readonly run: (request: CopyRequest, onProgress: (progress: CopyProgress) => void) => Promise<string>;
}

/** What an operator can mend, and so needs no stack for. */
const REFUSALS = [EnvironmentInvalidError, StoreRefusedError, StoreBusyError, StoreUnavailableError];
/** Whoever copies less than this many bytes is done before reading how far it is. */
const SHOW_FROM_BYTES = 64 * 1024 * 1024;

/**
 * Runs a command of one argument, the backup's path, and sets the exit code: 0, 1 if it was refused, 2 if it was called
 * the wrong way.
 */
export async function runCopyCommand({ help, run }: CopyCommand): Promise<void> {
  const request = readRequest();
  if (request === "help") {
    console.log(help);
    return;
  }
  if (request === null) {
    console.error(help);
    process.exitCode = 2;
    return;
  }
  try {
    const { DATABASE_URL: database, ALLOW_NETWORK_FS } = readEnvironment(storeVariables);
    const backup = resolve(baseFolder(), request.path);
    const allowNetworkFileSystem = ALLOW_NETWORK_FS ?? false;
    console.log(
      await run({ database, backup, force: request.force, allowNetworkFileSystem }, tellProgress()),
    );
  } catch (error) {
    if (!(error instanceof Error) || !REFUSALS.some((refusal) => error instanceof refusal)) throw error;
    console.error(error.message);
    if (error instanceof StoreRefusedError && !request.force) console.error("--help says what --force does.");
    process.exitCode = 1;
  }
}

function readRequest(): { readonly path: string; readonly force: boolean } | "help" | null {
  try {
    const { values, positionals } = parseArgs({
      options: { force: { type: "boolean" }, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    if (values.help) return "help";
    const [path] = positionals;
    return path && positionals.length === 1 ? { path, force: values.force ?? false } : null;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** A line per tenth, on standard error. */
function tellProgress(): (progress: CopyProgress) => void {
  let tenths = 0;
  return ({ doneBytes, totalBytes }) => {
    const reached = Math.floor((doneBytes / totalBytes) * 10);
    if (totalBytes < SHOW_FROM_BYTES || reached <= tenths) return;
    tenths = reached;
    console.error(`${reached * 10} % of ${megabytes(totalBytes)}`);
  };
}

/** A size for people, in MB of a million bytes. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
