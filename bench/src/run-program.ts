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
}

/** Starts one of `programs/` as a process of its own. */
export function startProgram(name: string, task: unknown, nodeFlags: readonly string[] = []): Program {
  const path = fileURLToPath(new URL(`./programs/${name}${ENDING}`, import.meta.url));
  const execArgv = [...process.execArgv, ...nodeFlags];
  const child = fork(path, [JSON.stringify(task)], {
    execArgv,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const inbox: unknown[] = [];
  const waiting: PromiseWithResolvers<unknown>[] = [];
  const exit = Promise.withResolvers<void>();
  child.on("message", (message) => {
    const reader = waiting.shift();
    if (reader) reader.resolve(message);
    else inbox.push(message);
  });
  child.on("exit", (code, signal) => {
    for (const reader of waiting) reader.reject(new Error(`${name} ended too early: ${signal ?? code}`));
    exit.resolve();
  });
  const next = async <Message>(): Promise<Message> => {
    if (inbox.length > 0) return inbox.shift() as Message;
    if (child.exitCode !== null) throw new Error(`${name} has ended with ${child.exitCode}`);
    const reader = Promise.withResolvers<unknown>();
    waiting.push(reader);
    // Program and caller are written as a pair; the channel itself knows no types.
    return (await reader.promise) as Message;
  };
  return {
    process: child,
    next,
    send: (message) => void child.send(message as object),
    async end<Message>() {
      child.send({ end: true });
      const last = await next<Message>();
      child.disconnect();
      await exit.promise;
      return last;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill("SIGKILL");
      await exit.promise;
    },
  };
}

/** Runs a program that measures itself and sends one answer. */
export async function runProgram<Answer>(name: string, task: unknown): Promise<Answer> {
  await using program = startProgram(name, task);
  return await program.next<Answer>();
}
