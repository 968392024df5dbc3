import { fork, type ChildProcess as NodeProcess } from "node:child_process";
import { once } from "node:events";

/** What a process that has ended said last, and how it ended. */
export interface Ending {
  readonly code: number | null;
  readonly answer: unknown;
}

/** A real process beside the test: it says "ready", waits for messages and answers with messages. */
export class ChildProcess {
  readonly #process: NodeProcess;
  readonly #exited: Promise<unknown[]>;
  /** What it has said that nobody has waited for yet: on a busy machine two messages come at once. */
  readonly #said: unknown[] = [];
  #answer: unknown;

  private constructor(process: NodeProcess) {
    this.#process = process;
    this.#exited = once(process, "exit");
    process.on("message", (message) => {
      this.#said.push(message);
      this.#answer = message;
    });
  }

  /** Starts a script; resolves when it has said that it is ready. */
  static async start(script: URL, args: readonly string[]): Promise<ChildProcess> {
    const child = new ChildProcess(fork(script, args, { execArgv: ["--conditions=source"] }));
    await child.heard("ready");
    return child;
  }

  send(message: string): void {
    this.#process.send(message);
  }

  /** Resolves when the process says this, or has said it since the last time that something was waited for. */
  async heard(message: string): Promise<void> {
    for (let at = this.#said.indexOf(message); at < 0; at = this.#said.indexOf(message)) {
      const [heard] = await Promise.race([
        once(this.#process, "message"),
        this.#exited.then(() => ["its exit"]),
      ]);
      if (heard === "its exit") throw new Error(`The process ended before it said "${message}"`);
    }
    this.#said.splice(0, this.#said.indexOf(message) + 1);
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Stops it where it stands; `resume` lets it go on. */
  stop(): void {
    this.#process.kill("SIGSTOP");
  }

  resume(): void {
    this.#process.kill("SIGCONT");
  }

  async exit(): Promise<Ending> {
    const [code] = await this.#exited;
    return { code: typeof code === "number" ? code : null, answer: this.#answer };
  }
}
