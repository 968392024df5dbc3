import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { until } from "../system/until.ts";

/** One parsed line of a worker's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A worker as a real process. */
export class WorkerChild {
  readonly lines: LogLine[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #stderr = "";

  constructor(folder: string) {
    const script = fileURLToPath(new URL("./worker-process.ts", import.meta.url));
    this.#child = spawn(process.execPath, ["--conditions=source", script, folder], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#exited = once(this.#child, "exit").then(() => undefined);
    const { stdout, stderr } = this.#child;
    if (stdout) createInterface({ input: stdout }).on("line", (line) => this.lines.push(JSON.parse(line)));
    stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("The worker has no process");
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits for a line of its log. */
  logged(msg: string): Promise<LogLine> {
    return until(
      () => {
        if (!this.isRunning) throw new Error(`The worker has ended: ${this.#stderr}`);
        return this.lines.find((line) => line["msg"] === msg);
      },
      () => `"${msg}" is logged; there was ${this.lines.map((line) => line["msg"]).join(", ")}`,
    );
  }

  signal(signal: "SIGTERM" | "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Resolves when the process has ended: its exit code, and what it wrote to standard error. */
  async ended(): Promise<{ readonly code: number | null; readonly stderr: string }> {
    await this.#exited;
    return { code: this.#child.exitCode, stderr: this.#stderr };
  }
}
