import { seededRandom, seedOfRun } from "@holdfast/queue-core/testing";
import { expect, it } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { until } from "../system/until.ts";
import { findMiscounts, INTACT, takeAccount } from "./account.ts";
import { KillBed } from "./kill-bed.ts";
import type { Role } from "./kill-child.ts";
import { FOLLOW_UP_EVERY } from "./kill-jobs.ts";
import { witnessed } from "./witness.ts";

const ROUNDS = isFullSize ? 20 : 2;
const ROLES: readonly Role[] = ["producer", "producer", "worker", "worker", "scheduler"];
const TIMEOUT_MS = 900_000;
const SECOND_MS = 1_000;

/** Kills all processes in one go, before any of them can answer to another's death. */
async function killAll(bed: KillBed): Promise<void> {
  const { running } = bed;
  for (const child of running) child.signal("SIGKILL");
  await Promise.all(running.map((child) => child.exited));
}

it(
  `${ROUNDS} kills of every process at once lose no acknowledged job, finish none twice, take each slot once`,
  async () => {
    const seed = seedOfRun("all killed");
    const random = seededRandom(seed);
    const bed = await KillBed.open({ concurrency: 3 });
    const acknowledged = () => witnessed(bed.folder, "acknowledged");
    await bed.queue.registerCron("tick", "* * * * * *", {
      catchUp: { all: { max: 1_000, maxAgeMs: TIMEOUT_MS } },
    });
    for (let round = 1; round <= ROUNDS; round++) {
      const [runs, added] = [bed.runs, acknowledged().length];
      for (const role of ROLES) bed.start(role);
      const more = 1 + Math.floor(random() * 60);
      await until(() => bed.runs >= runs + more && acknowledged().length >= added + more, "all are at work");
      await killAll(bed);
      expect(await findMiscounts(bed)).toEqual([]);
    }
    for (const role of ["worker", "worker"] as const) bed.start(role);
    await bed.drained(TIMEOUT_MS);

    const ways = acknowledged();
    const account = takeAccount(
      bed,
      ways.map(([id = ""]) => id),
    );
    expect(account).toMatchObject({
      lost: [],
      finishedTwice: [],
      rerunAmongOthers: [],
      charged: [],
      integrity: INTACT,
    });
    expect(await findMiscounts(bed)).toEqual([]);
    expect(bed.sql("SELECT 1 FROM dead_letter_jobs")).toEqual([]);
    // A row and its job came in one transaction: both are there, also where the producer died before it heard of it.
    expect(bed.sql("SELECT 1 FROM intent WHERE job_id NOT IN (SELECT id FROM jobs)")).toEqual([]);
    const intents = new Set(
      bed.sql<{ job_id: string }>("SELECT job_id FROM intent").map((row) => row.job_id),
    );
    expect(ways.filter(([id = "", way]) => way === "3" && !intents.has(id))).toEqual([]);
    expect(bed.sql("SELECT payload FROM jobs WHERE type = 'follow_up'").length).toBe(
      bed.sql(`SELECT 1 FROM jobs WHERE type = 'work' AND payload ->> 'n' % ${FOLLOW_UP_EVERY} = 0`).length,
    );
    // Each second from the first slot to the last has its one job.
    const slots = bed.sql<{ slot_at: number }>(
      "SELECT slot_at FROM jobs WHERE type = 'tick' ORDER BY slot_at",
    );
    const [first = { slot_at: 0 }] = slots;
    expect(slots.map(({ slot_at }) => slot_at)).toEqual(slots.map((_, n) => first.slot_at + n * SECOND_MS));
    expect(slots.length).toBeGreaterThanOrEqual(ROUNDS);
    reportFigures({
      fault: `SIGKILL of all ${ROLES.length} processes at once (producers, workers, scheduler)`,
      size: `${ROUNDS} times, ${account.jobs} jobs, ${slots.length} slots`,
      seed,
      saw: {
        "acknowledged and lost": account.lost.length,
        "finished twice": account.finishedTwice.length,
        "slots missed or doubled": 0,
        "run twice": account.ranTwice.length,
      },
    });
  },
  TIMEOUT_MS,
);
