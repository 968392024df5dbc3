import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { createQueue } from "../../../src/index.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { findFaults } from "../../sqlite/invariants.ts";
import { createFolder, readDatabase } from "../../sqlite/sqlite-test-database.ts";
import { until } from "../until.ts";
import { HANG_JOBS } from "./hang-jobs.ts";

const SCRIPT = fileURLToPath(new URL("./hang-process.ts", import.meta.url));
/** Every job that was in the worker when it was killed runs in a process of its own afterwards. */
const INNOCENTS = isFullSize ? 8 : 2;
const TEST_MS = 120_000;

async function openBed() {
  const folder = createFolder();
  const path = join(folder.path, "jobs.db");
  const store = await openSqliteStore({ path });
  const workers: ChildProcess[] = [];
  onTestFinished(async () => {
    for (const worker of workers) {
      if (worker.exitCode !== null || worker.signalCode !== null) continue;
      worker.kill("SIGKILL");
      await once(worker, "exit");
    }
    await store.close();
    const faults = readDatabase(path, findFaults);
    folder.remove();
    expect(faults).toEqual([]);
  });
  return {
    path,
    store,
    queue: createQueue({ store, jobs: HANG_JOBS }),
    startWorker: (): ChildProcess => {
      const env = { ...process.env, HANG_ROLE: "worker", HANG_DATABASE: path };
      const worker = spawn(process.execPath, [SCRIPT], { env, stdio: ["ignore", "ignore", "pipe"] });
      workers.push(worker);
      return worker;
    },
    witnessed: (what: string): number =>
      existsSync(`${path}.witness`)
        ? readFileSync(`${path}.witness`, "utf8")
            .split("\n")
            .filter((line) => line === what).length
        : 0,
  };
}

it(
  "R17: a handler that never returns costs its neighbours a fresh start, and nobody else's attempt",
  async () => {
    const { path, store, queue, startWorker, witnessed } = await openBed();
    const innocents = Array.from({ length: INNOCENTS }, (_, n) => ({ n }));
    await queue.enqueueMany("innocent", innocents);
    const first = startWorker();
    const killed = once(first, "exit");
    await until("all are at work", () => witnessed("innocent begins") === INNOCENTS);
    const { id } = await queue.enqueue("hang", { n: 0 });
    // Claimed with it or after it: what needs the CPU for three leases, by right.
    await queue.enqueue("crunch", { n: 0 }, { priority: -10 });
    const [, signal] = await killed;
    expect(signal).toBe("SIGKILL");
    expect(await store.getJob(id)).toMatchObject({ status: "scheduled", attempts: 1 });
    expect((await store.stats()).queue).toMatchObject({ processing: 0, pending: INNOCENTS + 1 });

    const second = startWorker();
    await until("the others are done", async () => (await store.stats()).queue.pending === 0, TEST_MS);
    // The rest of its backoff.
    readDatabase(path, (database) =>
      database.exec("UPDATE scheduled SET due_at = 1; UPDATE job SET due_at = 1 WHERE type = 'hang'"),
    );
    await until(
      "nothing is left",
      async () => {
        const { pending, scheduled, processing } = (await store.stats()).queue;
        return pending + scheduled + processing === 0;
      },
      TEST_MS,
    );
    const dead = (await store.listDeadLetters({ limit: 10 })).items;
    expect(dead).toMatchObject([{ originalJobId: id, attempts: 1, reason: "attempts_exhausted" }]);
    const completed = (await store.listJobs({ limit: 100, status: "completed" })).items;
    expect(completed.map(({ attempts }) => attempts)).toEqual(Array.from({ length: INNOCENTS + 1 }, () => 1));
    expect([witnessed("innocent ends"), witnessed("crunch ends"), witnessed("hang")]).toEqual([
      INNOCENTS,
      1,
      1,
    ]);
    expect(second.exitCode ?? second.signalCode).toBeNull();
    reportFigures({
      fault: "a handler that never returns to the event loop",
      size: `1 among ${INNOCENTS}, which were at work`,
      saw: {
        lost: INNOCENTS + 2 - completed.length - dead.length,
        "innocents charged": completed.filter(({ attempts }) => attempts !== 1).length,
        "its attempts": dead[0]?.attempts ?? 0,
      },
    });
  },
  TEST_MS,
);
