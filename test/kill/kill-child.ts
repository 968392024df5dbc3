import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { until } from "../system/until.ts";
import { type KillSettings, writeSettings } from "./kill-settings.ts";

/** One parsed line of a process's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The kinds of process that a bed starts. */
const SCRIPTS = {
  worker: new URL("./worker-process.ts", import.meta.url),
  producer: new URL("./producer-process.ts", import.meta.url),
  scheduler: new URL("./scheduler-process.ts", import.meta.url),
} as const;
export type Role = keyof typeof SCRIPTS;

/** A real process on a bed's database. */
export class KillChild {
  readonly lines: LogLine[] = [];
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  #stderr = "";

  /** @param ownGroup whether it and what it forks can be ended together, as a container is */
  constructor(role: Role, settings: KillSettings, ownGroup: boolean) {
    this.#child = spawn(process.execPath, ["--conditions=source", fileURLToPath(SCRIPTS[role])], {
      env: { ...process.env, ...writeSettings(settings) },
      stdio: ["ignore", "pipe", "pipe"],
      detached: ownGroup,
    });
    this.exited = once(this.#child, "exit").then(() => undefined);
    const { stdout, stderr } = this.#child;
    if (stdout) createInterface({ input: stdout }).on("line", (line) => this.lines.push(JSON.parse(line)));
    stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("It has no process");
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it wrote to standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Waits for a line of its log, of one job if it is named. */
  logged(msg: string, jobId?: string): Promise<LogLine> {
    return until(
      () => {
        const found = this.lines.find(
          (line) => line["msg"] === msg && (jobId === undefined || line["jobId"] === jobId),
        );
        if (!found && !this.isRunning) throw new Error(`The process has ended: ${this.#stderr}`);
        return found;
      },
      () => `"${msg}" is logged; there was ${this.lines.map((line) => line["msg"]).join(", ")}`,
    );
  }

  signal(signal: "SIGTERM" | "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    this.#child.kill(signal);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
  }

  /** Ends it and what it forked in one call; it must have a group of its own. */
  async killGroup(): Promise<void> {
    process.kill(-this.pid, "SIGKILL");
    await this.exited;
  }

  /** Resolves when the process has ended: its exit code, and what it wrote to standard error. */
  async ended(): Promise<{ readonly code: number | null; readonly stderr: string }> {
    await this.exited;
    return { code: this.#child.exitCode, stderr: this.#stderr };
  }
}
