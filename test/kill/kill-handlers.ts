import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createQueue,
  type JobContext,
  type JobHandlers,
  type JobStore,
  type Queue,
  snooze,
} from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { type DEATHS, FOLLOW_UP_EVERY, KILL_JOBS, LEDGER, type LedgerTables } from "./kill-jobs.ts";
import { isAlone, witness, witnessRun } from "./witness.ts";

type Context = JobContext<typeof KILL_JOBS, LedgerTables>;

/** A queue on the bed's file, as each of its processes opens it. */
export interface KillQueue {
  readonly store: JobStore<LedgerTables>;
  readonly queue: Queue<typeof KILL_JOBS, LedgerTables>;
}

export async function openKillQueue(folder: string): Promise<KillQueue> {
  const store = await openSqliteStore<LedgerTables>({ path: join(folder, "jobs.db"), migrations: [LEDGER] });
  return { store, queue: createQueue({ store, jobs: KILL_JOBS }) };
}

/** About as long as a small database query over a network; long enough to be killed in. */
const WORK_MS = 20;
const LOOK_EVERY_MS = 5;

/** What the workers of the kill tests do, in their own process and in the one that runs a single job. */
export function killHandlers(folder: string): JobHandlers<typeof KILL_JOBS, LedgerTables> {
  const begin = (context: Context): void => beginRun(folder, context);
  const workerPid = isAlone() ? process.ppid : process.pid;
  const gates = new Map<string, Promise<void>>();
  return {
    work: async ({ n }, context) => {
      begin(context);
      await sleep(WORK_MS);
      if (n % FOLLOW_UP_EVERY === 0) context.enqueue("follow_up", { of: n });
    },
    follow_up: (_, context) => begin(context),
    waits: async ({ file }, context) => {
      begin(context);
      while (!existsSync(`${file}-${workerPid}`)) await sleep(LOOK_EVERY_MS);
      return workerPid;
    },
    zombie: async ({ way, file }, context) => {
      begin(context);
      // All jobs with this file have begun by then: claimed together, they begin one after the other without a pause.
      const gate = gates.get(file) ?? sleep(LOOK_EVERY_MS).then(() => blockUntilThere(file));
      gates.set(file, gate);
      await gate;
      if (way === "fail") throw new Error("what a stopped worker failed with");
      if (way === "record a step") await context.once("step", () => "what a stopped worker did");
      if (way === "follow up") context.enqueue("follow_up", { of: 0 });
      if (way === "keep") await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      return way === "snooze" ? snooze(1_000) : "what a stopped worker found";
    },
    takes: async ({ ms, blocking }, context) => {
      begin(context);
      if (!blocking) return await sleep(ms);
      const end = performance.now() + ms;
      while (performance.now() < end);
    },
    charges: ({ dies }, context) => charge(folder, dies, context, begin),
    tick: (_, context) => begin(context),
  };
}

/** Says that a run has begun, and asks for a row with its completion. */
function beginRun(folder: string, context: Context): void {
  witnessRun(folder, context.jobId);
  context.onCommit(async (tx) => {
    await tx.sql.insertInto("ledger").values({ job_id: context.jobId }).execute();
  });
}

/** So that a stopped process, when it goes on, does what it was about to do before it can hear of anything. */
function blockUntilThere(file: string): void {
  writeFileSync(`${file}-blocked`, "");
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(file)) Atomics.wait(cell, 0, 0, LOOK_EVERY_MS);
}

async function charge(
  folder: string,
  dies: (typeof DEATHS)[number],
  context: Context,
  begin: (context: Context) => void,
): Promise<number> {
  const dieAt = (place: typeof dies): void => {
    if (dies === place) dieOnce(join(folder, `died-${context.jobId}`));
  };
  begin(context);
  dieAt("before the effect");
  const receipt = await context.once("charge", () => {
    witness(folder, "charges", context.jobId, context.idempotencyKey);
    dieAt("between effect and record");
    return process.pid;
  });
  dieAt("after the record");
  context.onCommit(async () => dieAt("in the finishing transaction"));
  return receipt;
}

function dieOnce(flag: string): void {
  if (existsSync(flag)) return;
  writeFileSync(flag, "");
  process.kill(process.pid, "SIGKILL");
}
