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
import { SHUTDOWN_MS, STOP_JOBS } from "./stop-jobs.ts";

const SCRIPT = fileURLToPath(new URL("./stop-process.ts", import.meta.url));
const STOPS = isFullSize ? 100 : 5;
/** Workers at a time. */
const WORKERS = 2;
/** So many jobs wait at each stop: more than the workers have slots. */
const BACKLOG = 40;
const TEST_MS = isFullSize ? 1_200_000 : 120_000;

it(
  `R3: workers that get SIGTERM ${STOPS} times under load, each followed by more of it, lose nothing and exit with 0`,
  async () => {
    const folder = createFolder();
    const path = join(folder.path, "jobs.db");
    const store = await openSqliteStore({ path });
    const queue = createQueue({ store, jobs: STOP_JOBS });
    const children = new Set<ChildProcess>();
    onTestFinished(async () => {
      for (const child of children) child.kill("SIGKILL");
      await store.close();
      folder.remove();
    });
    const witnessed = (): readonly string[] =>
      existsSync(`${path}.witness`) ? readFileSync(`${path}.witness`, "utf8").trim().split("\n") : [];
    const start = (): ChildProcess => {
      const child = spawn(process.execPath, [SCRIPT, path], { stdio: ["ignore", "ignore", "pipe"] });
      children.add(child);
      child.once("exit", () => children.delete(child));
      return child;
    };
    let added = 0;
    const addWork = async (): Promise<void> => {
      const { pending } = (await store.stats()).queue;
      // One in ten takes longer than its worker has left, and is handed back.
      const payloads = Array.from({ length: Math.max(0, BACKLOG - pending) }, (_, n) => ({
        ms: n % 10 === 0 ? 3 * SHUTDOWN_MS : 20,
      }));
      added += (await queue.enqueueMany("work", payloads, { durability: "normal" })).length;
    };
    const isAtWork = ({ pid }: ChildProcess): boolean => witnessed().some((line) => line.endsWith(` ${pid}`));

    const exits: unknown[] = [];
    const workers = Array.from({ length: WORKERS }, start);
    for (let stops = 0; stops < STOPS; stops += 1) {
      const worker = workers.shift();
      if (!worker) throw new Error("There is no worker to stop");
      workers.push(start());
      await until(
        "it is at work",
        async () => {
          await addWork();
          return isAtWork(worker);
        },
        TEST_MS,
      );
      const exited = once(worker, "exit");
      // A terminal and a supervisor both send it; whatever comes after the first changes nothing.
      for (const signal of ["SIGTERM", "SIGTERM", "SIGINT", "SIGTERM"] as const) worker.kill(signal);
      const [code, signal] = await exited;
      exits.push(code ?? signal);
    }
    await until(
      "nothing is left",
      async () => {
        const { pending, processing, scheduled } = (await store.stats()).queue;
        return pending + processing + scheduled === 0;
      },
      TEST_MS,
    );
    const last = workers.map((worker) => once(worker, "exit"));
    for (const worker of workers) worker.kill("SIGTERM");
    for (const [code, signal] of await Promise.all(last)) exits.push(code ?? signal);

    expect(exits).toEqual(exits.map(() => 0));
    const { byType } = await store.stats();
    expect(byType).toEqual([{ type: "work", status: "completed", count: added }]);
    const spent = readDatabase(path, (database) => [
      database.prepare("SELECT count(*) FROM finished WHERE attempts <> 1").pluck().get(),
      database.prepare("SELECT count(*) FROM attempt").pluck().get(),
      database.prepare("SELECT count(*) FROM suspect").pluck().get(),
      database.prepare("SELECT count(*) FROM worker").pluck().get(),
    ]);
    expect(spent).toEqual([0, 0, 0, 0]);
    expect(readDatabase(path, findFaults)).toEqual([]);
    const runs = witnessed();
    const ranAgain = runs.length - new Set(runs.map((line) => line.split(" ")[0])).size;
    // Otherwise no stop came in the middle of a run that did not end in time.
    expect(ranAgain).toBeGreaterThan(0);
    reportFigures({
      fault: "SIGTERM, four signals at a time, to one worker of two under load",
      size: `${STOPS} stops, ${added} jobs`,
      saw: {
        lost: added - (byType[0]?.count ?? 0),
        "exit codes but 0": exits.filter((exit) => exit !== 0).length,
        "attempts spent": Number(spent[1]),
        "handed back and run again": ranAgain,
      },
    });
  },
  TEST_MS,
);
