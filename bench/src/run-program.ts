import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Sources run from the sources, and the build from the build. */
const ENDING = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/** A program that was started and talks over its channel. */
export interface Program extends AsyncDisposable {
  readonly process: ChildProcess;
  send(message: unknown): void;
  /** The next message it sends. */
  next<Message>(): Promise<Message>;
  /** Tells it to end and waits until it has; returns what it said last. */
  end<Message>(): Promise<Message>;
  /** Closes its channel, upon which it ends by itself, and waits until it has. */
  close(): Promise<void>;
}

interface ProgramOptions {
  readonly nodeFlags?: readonly string[];
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** It has a server of its own to stop: killing it would leave that running. */
  readonly ownsServer?: boolean;
}

/** Those that run and may be killed, with their ends. */
const running = new Map<ChildProcess, Promise<void>>();
let isOver = false;

class BenchOverError extends Error {
  readonly code = "BENCH_OVER";
}

/** True after `killPrograms`: what fails then failed because its process was killed. */
export function isBenchOver(): boolean {
  return isOver;
}

/** Lets no more programs start, and kills those that run but own no server. */
export async function killPrograms(): Promise<void> {
  isOver = true;
  for (const child of running.keys()) child.kill("SIGKILL");
  await Promise.all(running.values());
}

/** Has `killPrograms` kill this process too; resolves once it has ended. */
export function killWithPrograms(child: ChildProcess): Promise<void> {
  const exit = Promise.withResolvers<void>();
  running.set(child, exit.promise);
  child.once("exit", () => {
    running.delete(child);
    exit.resolve();
  });
  return exit.promise;
}

/**
 * Starts one of `programs/` as a process of its own.
 * @throws {BenchOverError} after `killPrograms`
 */
export function startProgram(name: string, task: unknown, options: ProgramOptions = {}): Program {
  const { nodeFlags = [], environment = {}, ownsServer = false } = options;
  if (isOver) throw new BenchOverError(`${name} is not started: the benchmark is being ended`);
  const path = fileURLToPath(new URL(`./programs/${name}${ENDING}`, import.meta.url));
  const child = fork(path, [JSON.stringify(task)], {
    execArgv: [...process.execArgv, ...nodeFlags],
    env: { ...process.env, ...environment },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exited = ownsServer
    ? new Promise<void>((resolve) => void child.once("exit", resolve))
    : killWithPrograms(child);
  const inbox: unknown[] = [];
  const waiting: PromiseWithResolvers<unknown>[] = [];
  child.on("message", (message) => {
    const reader = waiting.shift();
    if (reader) reader.resolve(message);
    else inbox.push(message);
  });
  child.on("exit", (code, signal) => {
    for (const reader of waiting) reader.reject(new Error(`${name} ended too early: ${signal ?? code}`));
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const next = async <Message>(): Promise<Message> => {
    if (inbox.length > 0) return inbox.shift() as Message;
    if (hasEnded()) throw new Error(`${name} has ended with ${child.signalCode ?? child.exitCode}`);
    const reader = Promise.withResolvers<unknown>();
    waiting.push(reader);
    // Program and caller are written as a pair; the channel itself knows no types.
    return (await reader.promise) as Message;
  };
  const close = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    await exited;
  };
  return {
    process: child,
    next,
    send: (message) => void child.send(message as object),
    close,
    async end<Message>() {
      child.send({ end: true });
      const last = await next<Message>();
      await close();
      return last;
    },
    async [Symbol.asyncDispose]() {
      if (!hasEnded()) child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Runs a program that measures itself and sends one answer. */
export async function runProgram<Answer>(
  name: string,
  task: unknown,
  nodeFlags: readonly string[] = [],
): Promise<Answer> {
  await using program = startProgram(name, task, { nodeFlags });
  return await program.next<Answer>();
}
