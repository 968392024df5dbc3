import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createQueue } from "../../../src/index.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { FakeClock, seededRandom, seedOfRun } from "../../../src/testing/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { ChildProcess } from "../child-process.ts";
import { findFaults } from "../invariants.ts";
import { createFolder, readDatabase } from "../sqlite-test-database.ts";

const MINUTE_MS = 60_000;
const SCHEDULERS = 3;
const SLOTS_PER_ROUND = 6;
const ROUNDS = isFullSize ? 20 : 3;
/** A slot is taken within some milliseconds, in which the kill is to fall. */
const KILL_WITHIN_MS = 4;

const script = new URL("./scheduling-process.ts", import.meta.url);

let folder: ReturnType<typeof createFolder>;
let path: string;
beforeEach(() => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
});
afterEach(() => folder.remove());

function startSchedulers(): Promise<readonly ChildProcess[]> {
  return Promise.all(Array.from({ length: SCHEDULERS }, () => ChildProcess.start(script, [path])));
}

/** Slots in the order of their times, one for each job that was made. */
function slotsOfJobs(): readonly unknown[] {
  return readDatabase(path, (db) => db.prepare("SELECT slot_at FROM job ORDER BY slot_at").pluck().all());
}

it("R9: schedulers that are killed and started again add each slot exactly once", {
  timeout: 300_000,
}, async () => {
  const seed = seedOfRun("killed schedulers");
  const random = seededRandom(seed);
  const clock = new FakeClock();
  const startMs = clock.now();
  const store = await openSqliteStore({ path, clock });
  const catchUp = { all: { max: 1_000, maxAgeMs: 24 * 60 * MINUTE_MS } };
  await createQueue({ store, jobs: JOB_TYPES, clock }).registerCron("mail", "* * * * *", {
    payload: { n: 1 },
    catchUp,
  });
  await store.close();

  let kills = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const schedulers = await startSchedulers();
    const lastSlots = schedulers.map(() => Math.floor(random() * SLOTS_PER_ROUND));
    for (let slot = 0; slot < SLOTS_PER_ROUND; slot += 1) {
      const time = String(startMs + (round * SLOTS_PER_ROUND + slot + 1) * MINUTE_MS);
      await Promise.all(
        schedulers.map(async (scheduler, i) => {
          const lastSlot = lastSlots[i] ?? 0;
          if (slot > lastSlot) return;
          scheduler.send(time);
          if (slot < lastSlot) return scheduler.heard(time);
          await sleep(random() * KILL_WITHIN_MS);
          scheduler.kill();
          kills += 1;
          await scheduler.exit();
        }),
      );
    }
  }
  // What all of them were dead for is caught up on.
  const [survivor, ...others] = await startSchedulers();
  const endMs = startMs + ROUNDS * SLOTS_PER_ROUND * MINUTE_MS;
  survivor?.send(String(endMs));
  await survivor?.heard(String(endMs));
  for (const scheduler of [survivor, ...others]) scheduler?.kill();

  const slots = Array.from({ length: ROUNDS * SLOTS_PER_ROUND }, (_, n) => startMs + (n + 1) * MINUTE_MS);
  const made = slotsOfJobs();
  expect(made).toEqual(slots);
  expect(readDatabase(path, findFaults)).toEqual([]);
  reportFigures({
    fault: "SIGKILL of schedulers that take the same slots",
    size: `${SCHEDULERS} schedulers, ${kills} kills, ${slots.length} slots`,
    seed,
    saw: { "slots without a job": 0, "slots with two": 0 },
  });
});
