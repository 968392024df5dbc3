import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A child process under onShutdown; `tell` resolves once the child has acted on the message. */
async function start(...args: string[]) {
  return startScript(new URL("./stopping-process.ts", import.meta.url), args);
}

async function startScript(script: URL, args: readonly string[]) {
  const child = fork(script, args, {
    execArgv: ["--conditions=source"],
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  children.push(child);
  let log = "";
  child.stdout?.on("data", (chunk) => (log += chunk));
  const exited = once(child, "close").then(([code]) => code as number | null);
  await hears(child, "ready");
  return {
    child,
    exited,
    log: () => log,
    tell: async (message: string | number) => {
      const done = hears(child, "done");
      child.send(message);
      await done;
    },
    signal: async (signal: NodeJS.Signals) => {
      const stopping = hears(child, "stopping");
      child.kill(signal);
      await stopping;
    },
  };
}

async function hears(child: ChildProcess, expected: string): Promise<void> {
  for (;;) if ((await once(child, "message"))[0] === expected) return;
}

it.each(["SIGTERM", "SIGINT"] as const)("%s stops in order, then exits with 0", async (signal) => {
  const { exited, signal: send, tell, log } = await start();
  await send(signal);
  await tell("finish");
  expect(await exited).toBe(0);
  expect(log()).toContain('"msg":"stopped"');
});

it("the same signal twice within a second stops once and in order", async () => {
  const { child, exited, signal, tell, log } = await start();
  await signal("SIGTERM");
  await tell(100);
  child.kill("SIGTERM");
  child.kill("SIGINT");
  await tell(100);
  await tell("finish");
  expect(await exited).toBe(0);
  expect(log().match(/"msg":"stopping"/g)).toHaveLength(1);
});

it("a second signal more than a second later exits at once with 1", async () => {
  const { child, exited, signal, tell } = await start();
  await signal("SIGTERM");
  await tell(1_001);
  child.kill("SIGINT");
  expect(await exited).toBe(1);
});

it("a stop that fails exits with 1 and says why", async () => {
  const { exited, signal, tell, log } = await start();
  await signal("SIGTERM");
  await tell("fail");
  expect(await exited).toBe(1);
  expect(log()).toContain("the port would not close");
});

it.each(["throw", "reject"])("%s that nobody handles is logged and exits with 1", async (message) => {
  const { child, exited, log } = await start();
  child.send(message);
  expect(await exited).toBe(1);
  expect(log()).toMatch(/"level":"fatal".*nobody/);
});

it("a stray rejection is only logged where the app asks for that", async () => {
  const { exited, tell, signal, log } = await start("log");
  await tell("reject");
  await signal("SIGTERM");
  await tell("finish");
  expect(await exited).toBe(0);
  expect(log()).toMatch(/"level":"error".*nobody handles this/);
});

it("an exception of a job's handler fails that job; the process goes on, and stops in order", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-shutdown-"));
  const { child, exited, log } = await startScript(new URL("./working-process.ts", import.meta.url), [
    join(folder.path, "jobs.db"),
  ]);
  child.kill("SIGTERM");
  child.send("end");
  expect(await exited).toBe(0);
  expect(log()).toContain('"msg":"stopped"');
  expect(log()).not.toContain("exception that nobody caught");
});
