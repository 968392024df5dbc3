import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

/** A worker as a process of its own. */
export interface RunningMain {
  readonly child: ChildProcess;
  readonly folder: string;
  /** Everything it wrote that is no JSON line. */
  readonly plain: string[];
  /** The first line of its log with this message; rejects if it ends before. */
  logged(message: string): Promise<Record<string, unknown>>;
  /** Its exit code once it has ended, null if a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** Runs `src/main.ts` as a process of its own, on a folder that goes when the test ends. */
export function startMain(
  variables: Readonly<Record<string, string>> = {},
  folder = makeFolder(),
): RunningMain {
  const child = spawn(
    process.execPath,
    ["--conditions=source", join(import.meta.dirname, "../src/main.ts")],
    {
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: `file:${folder}/shop.db`,
        DATA_DIR: folder,
        INVOICE_DIR: join(folder, "invoices"),
        ...variables,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const lines: Record<string, unknown>[] = [];
  const plain: string[] = [];
  let next = Promise.withResolvers<void>();
  const notify = (): void => {
    next.resolve();
    next = Promise.withResolvers<void>();
  };
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      if (line.startsWith("{")) lines.push(JSON.parse(line));
      else plain.push(line);
      notify();
    });
  }
  // `close` and not `exit`: by then all it wrote has been read.
  const exited = once(child, "close").then(([code]: unknown[]) => {
    notify();
    return typeof code === "number" ? code : null;
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return {
    child,
    folder,
    plain,
    exited,
    async logged(message) {
      for (;;) {
        const { promise } = next;
        const line = lines.find(({ msg }) => msg === message);
        if (line) return line;
        if (child.exitCode !== null)
          throw new Error(`It ended before it logged "${message}": ${plain.join("\n")}`);
        await promise;
      }
    },
  };
}

/** A new folder that goes when the test ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-worker-main-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
