import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { AppName } from "../../scripts/app-ready.ts";

const ROOT = join(import.meta.dirname, "../..");

/** One line of an app's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** One of the four apps as a real process, run from its sources. */
export class AppProcess {
  readonly name: AppName;
  readonly lines: LogLine[] = [];
  /** What it wrote that is no JSON line: start-up refusals, crashes. */
  readonly plain: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #watchers = new Set<() => void>();

  constructor(name: AppName, environment: Readonly<Record<string, string>>) {
    this.name = name;
    const { PATH, HOME } = process.env;
    this.#child = spawn(
      process.execPath,
      ["--conditions=source", "--disable-warning=ExperimentalWarning", "src/main.ts"],
      {
        cwd: join(ROOT, "apps", name),
        // Nothing of the machine's own settings reaches an app but what a process needs.
        env: { PATH, HOME, ...environment },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#exited = once(this.#child, "exit").then(([code]: (number | null)[]) => {
      this.#notify();
      return code ?? null;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#read(line));
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} has no process`);
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves with the first line that has this message; rejects if the process ends before. */
  async logged(message: string): Promise<LogLine> {
    for (;;) {
      const line = this.lines.find(({ msg }) => msg === message);
      if (line) return line;
      if (!this.isRunning) {
        throw new Error(`${this.name} ended before it logged "${message}":\n${this.tail()}`);
      }
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  /** Sends a signal and waits for the end; returns the exit code, null if the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.isRunning) this.#child.kill(signal);
    return await this.#exited;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  tail(): string {
    return [...this.plain, ...this.lines.slice(-15).map((line) => JSON.stringify(line))].join("\n");
  }

  #read(text: string): void {
    try {
      this.lines.push(JSON.parse(text) as LogLine);
    } catch {
      // No JSON: a refusal to start, or a crash's stack. Kept as it is.
      this.plain.push(text);
    }
    this.#notify();
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
