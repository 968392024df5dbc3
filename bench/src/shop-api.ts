import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { killWithPrograms } from "./run-program.ts";

/** The API's sources from the sources, and its build from the build. */
const isSource = import.meta.url.endsWith(".ts");
const MAIN = fileURLToPath(
  new URL(`../../apps/api/${isSource ? "src/main.ts" : "dist/main.js"}`, import.meta.url),
);
const ENDLESS_STOCK = 1_000_000_000;

/** The shop's API as a process of its own. */
export interface ShopApi extends AsyncDisposable {
  readonly port: number;
}

/** Starts the very app that `pnpm dev` starts, with payment that takes no time and stock that lasts. */
export async function startShopApi(folder: string): Promise<ShopApi> {
  const { PATH, HOME } = process.env;
  const path = join(folder, "shop.db");
  const child = spawn(process.execPath, [...(isSource ? ["--conditions=source"] : []), MAIN], {
    // A `.env` of the workspace is looked for from here, and none is found.
    cwd: folder,
    env: { PATH, HOME, DATABASE_URL: `file:${path}`, DATA_DIR: folder, API_PORT: "0", SIM_PAYMENT_MS: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = killWithPrograms(child);
  const port = await listeningPort(child);
  using stack = new DisposableStack();
  const database = stack.adopt(new Database(path), (open) => open.close());
  database.prepare("UPDATE products SET stock = ?").run(ENDLESS_STOCK);
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function listeningPort(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error("The API's log is not read");
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line) as { url?: string };
    if (url === undefined) continue;
    // From here on its log is thrown away, so that it never waits for a reader.
    child.stdout.resume();
    return Number(new URL(url).port);
  }
  throw new Error("The API ended before it listened");
}
