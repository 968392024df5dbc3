import { type ChildProcess, fork } from "node:child_process";
import type { Logger } from "pino";
import { LONGEST_TIMER_MS } from "../define-job.ts";
import { AttemptTimeoutError, LeaseLostError, QueueError } from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import type { FinishOutcome } from "../store.ts";

/** What a worker says to the child that runs a job alone. */
export type ToChild =
  | { readonly kind: "run"; readonly job: ClaimedJob }
  | { readonly kind: "abort"; readonly code: string; readonly message: string };

/** What the child says: that it listens, and how the run's end was recorded. */
export type FromChild =
  | { readonly kind: "listening" }
  | { readonly kind: "ended"; readonly outcome: FinishOutcome | null };

export interface IsolatedRunOptions {
  /** A module that calls `serveIsolatedRun`. */
  readonly entry: URL;
  readonly job: ClaimedJob;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** How a run in a child ended: recorded by the child, ended by us at its timeout, or by the child's death. */
export type IsolatedEnd =
  | { readonly kind: "recorded"; readonly outcome: FinishOutcome | null }
  | { readonly kind: "timedOut"; readonly error: AttemptTimeoutError }
  | { readonly kind: "abandoned" }
  | { readonly kind: "died"; readonly how: string };

/** How much longer than its timeout a run may take in a child that should have timed it out itself, in milliseconds. */
const CHILD_GRACE_MS = 2_000;
/** A child that has not begun by then, in milliseconds, never will. */
const START_UP_MS = 60_000;

/**
 * Runs a job alone in a process of its own and waits for that process's end. The child records how the run ended under
 * the lease that this process keeps; if it dies instead while the job runs, that job alone can be the cause.
 */
export async function runIsolated(options: IsolatedRunOptions): Promise<IsolatedEnd> {
  const { entry, signal, log } = options;
  const child = fork(entry, {
    execArgv: ownExecArgv(),
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  log.warn({ childPid: child.pid }, "job was in a process that died: it runs alone in a process of its own");
  const run = new ChildRun(child, options);
  const abort = (): void => run.abort(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await run.end();
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** What is known of a child and the job it runs. */
class ChildRun {
  readonly #child: ChildProcess;
  readonly #options: IsolatedRunOptions;
  #timer: NodeJS.Timeout;
  #began = false;
  #overtime = false;
  #outcome: FinishOutcome | null | undefined;

  constructor(child: ChildProcess, options: IsolatedRunOptions) {
    this.#child = child;
    this.#options = options;
    this.#timer = setTimeout(() => child.kill("SIGKILL"), START_UP_MS);
    child.on("message", (message: FromChild) => this.#hear(message));
  }

  async end(): Promise<IsolatedEnd> {
    const { timeoutMs, signal, log } = this.#options;
    const how = await untilGone(this.#child);
    clearTimeout(this.#timer);
    if (this.#outcome !== undefined) return { kind: "recorded", outcome: this.#outcome };
    if (this.#overtime) {
      const error = new AttemptTimeoutError(`The run took longer than ${timeoutMs} ms, and its process hung`);
      return { kind: "timedOut", error };
    }
    if (this.#began && !signal.aborted) return { kind: "died", how };
    // A child that cannot even start is no job's fault, however often.
    if (!this.#began && !signal.aborted)
      log.error({ how }, "the process for a single job did not start; see what it printed");
    return { kind: "abandoned" };
  }

  abort(reason: unknown): void {
    // Without its lease nothing the child does counts any more; and one that has not been told of its job has not
    // begun it, nor is there anybody in it to hear.
    if (reason instanceof LeaseLostError || !this.#began) this.#child.kill("SIGKILL");
    else send(this.#child, { kind: "abort", ...describeAbort(reason) });
  }

  #hear(message: FromChild): void {
    if (message.kind === "ended") {
      this.#outcome = message.outcome;
      return;
    }
    this.#began = true;
    clearTimeout(this.#timer);
    const longestMs = Math.min(this.#options.timeoutMs + CHILD_GRACE_MS, LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.#overtime = true;
      this.#child.kill("SIGKILL");
    }, longestMs);
    send(this.#child, { kind: "run", job: this.#options.job });
  }
}

/** The child runs as this process does (conditions, memory limits), but watches no files and opens no debugger. */
function ownExecArgv(): string[] {
  return process.execArgv.filter((argument) => !/^--(watch|inspect)/.test(argument));
}

function untilGone(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      resolve(signal ? `signal ${signal}` : `exit code ${code ?? "unknown"}`),
    );
  });
}

function send(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message);
}

function describeAbort(reason: unknown): { readonly code: string; readonly message: string } {
  const code = reason instanceof QueueError ? reason.code : "ABORTED";
  return { code, message: reason instanceof Error ? reason.message : String(reason) };
}
