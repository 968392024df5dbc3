import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { until } from "./until.ts";
import type { LogLine, WorkerBed } from "./worker-bed.ts";

/** A worker in a process of its own, over the same file as a bed. */
export class ChildWorker {
  readonly messages: unknown[] = [];
  readonly #child: ChildProcess;
  readonly #witness: string;
  readonly #exited: Promise<unknown[]>;
  #stderr = "";

  private constructor(child: ChildProcess, witness: string) {
    this.#child = child;
    this.#witness = witness;
    this.#exited = once(child, "exit");
    child.on("message", (message) => this.messages.push(message));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
  }

  /**
   * Starts one of the scenarios of worker-process.ts.
   * @param execArgv options for Node
   */
  static start(
    bed: WorkerBed,
    scenario: string,
    {
      leaseMs = 30_000,
      execArgv = [],
    }: { readonly leaseMs?: number; readonly execArgv?: readonly string[] } = {},
  ): ChildWorker {
    const script = fileURLToPath(new URL("./worker-process.ts", import.meta.url));
    const child = fork(script, [bed.path, scenario, String(leaseMs)], {
      execArgv: [...execArgv],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const worker = new ChildWorker(child, `${bed.path}.witness`);
    // Before the bed looks at its database: what is being killed may still hold the lock.
    onTestFinished(() => worker.kill());
    return worker;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  tell(message: "finish" | "stop"): void {
    this.#child.send(message);
  }

  /** Waits for a message, or a log line with this text. */
  async says(what: string): Promise<LogLine> {
    const found = await until(`the child says "${what}"`, () => {
      if (!this.isRunning) throw new Error(`The child has ended: ${this.#stderr}`);
      return this.messages.find((message) => message === what || (message as LogLine).msg === what);
    });
    return found as LogLine;
  }

  /** What its handlers wrote down, in all its lives. */
  get witnessed(): readonly string[] {
    return existsSync(this.#witness) ? readFileSync(this.#witness, "utf8").trim().split("\n") : [];
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Resolves with its exit code, or the signal that ended it. */
  async exit(): Promise<unknown> {
    const [code, signal] = await this.#exited;
    return code ?? signal;
  }
}
