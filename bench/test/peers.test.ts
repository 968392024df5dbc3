import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

const CLI = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
const POSTGRES = fileURLToPath(new URL("../src/programs/postgres-server.ts", import.meta.url));
const SLOW_MS = 120_000;

/** A folder for everything temporary of one benchmark, which PostgreSQL's own user may enter. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-test-"));
  chmodSync(folder, 0o711);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function startBench(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): { child: ChildProcess; lines: string[]; said: (pattern: RegExp) => Promise<void> } {
  const child = spawn(process.execPath, ["--conditions=source", CLI, "--tiny", ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: () => void }[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const { pattern, resolve } of waiting) if (pattern.test(line)) resolve();
    });
  }
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      if (lines.some((line) => pattern.test(line))) return resolve();
      waiting.push({ pattern, resolve });
      child.once("exit", () => reject(new Error(`ended without saying ${pattern}:\n${lines.join("\n")}`)));
    });
  return { child, lines, said };
}

/** Command lines of the processes of this machine that have `text` in theirs. */
function processesWith(text: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(text) ? [line] : [];
      } catch {
        // It ended between the two looks.
        return [];
      }
    });
}

describe("the peers of the benchmark", () => {
  it("are ended with all their servers, and leave no file, on Ctrl-C", {
    timeout: SLOW_MS,
  }, async (context) => {
    context.skip(process.platform !== "linux", "only Linux shows all processes as files");
    const folder = temporaryFolder();
    const { child, said } = startBench(["--only", "P2,P3"], { TMPDIR: folder });
    await said(/round 1\/1 {2}pg-boss|round 1\/1 {2}plainjob/);
    expect(processesWith(folder)).not.toEqual([]);
    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(130);
    expect(processesWith(folder)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("end their server first when the benchmark is gone while they empty it", {
    timeout: SLOW_MS,
  }, async (context) => {
    context.skip(process.platform !== "linux", "only Linux shows all processes as files");
    const folder = temporaryFolder();
    const inside = mkdtempSync(join(folder, "run-"));
    const owner = fork(POSTGRES, [JSON.stringify({ folder: inside })], { execArgv: ["--conditions=source"] });
    const [{ version }] = (await once(owner, "message")) as [{ version?: string }];
    expect(version).toMatch(/^\d/);
    owner.send({ fresh: true });
    owner.disconnect();
    const [code] = (await once(owner, "exit")) as [number | null];
    expect(code).toBe(0);
    expect(processesWith(folder)).toEqual([]);
  });

  it("that can't be started are named as skipped, with the reason; the others are measured", {
    timeout: SLOW_MS,
  }, async () => {
    const folder = temporaryFolder();
    // Of all programs it finds node alone, so there is no redis-server.
    const bin = mkdtempSync(join(folder, "bin-"));
    for (const name of ["id", "locale", "sh", "groupadd", "useradd"]) {
      const path = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"]
        .map((part) => join(part, name))
        .find(existsSync);
      if (path) symlinkSync(path, join(bin, name));
    }
    const { child, lines } = startBench(["--only", "P3"], {
      TMPDIR: folder,
      PATH: `${bin}:${dirname(process.execPath)}`,
    });
    const [code] = (await once(child, "exit")) as [number | null];
    const text = lines.join("\n");
    expect(code, text).toBe(0);
    expect(text).toMatch(/SKIPPED BullMQ: redis-server is not installed/);
    expect(text).not.toMatch(/^ +BullMQ +\d/m);
    expect(text).toMatch(/^ +plainjob +\d/m);
    expect(processesWith(folder)).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(1);
  });
});
