import { join } from "node:path";

/** What a process of the kill tests is started with. */
export interface KillSettings {
  /** Where the database and the witness files are. */
  readonly folder: string;
  readonly concurrency: number;
  readonly leaseMs: number;
  /** The least level that is logged: a storm logs no single run. */
  readonly logLevel: "info" | "warn";
}

/** Name of the environment variable that carries them: a worker's child inherits it, arguments it does not. */
const VARIABLE = "KILL_SETTINGS";

/** The environment of such a process. */
export function writeSettings(settings: KillSettings): Readonly<Record<string, string>> {
  // Processes start by the hundred: with their code compiled already each does so in half the time.
  return { [VARIABLE]: JSON.stringify(settings), NODE_COMPILE_CACHE: join(settings.folder, "compiled") };
}

export function readSettings(): KillSettings {
  // Written by the function above.
  return JSON.parse(process.env[VARIABLE] ?? "") as KillSettings;
}
