import { seededRandom, seedOfRun } from "@holdfast/queue-core/testing";
import { expect, it } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { INTACT, takeAccount } from "./account.ts";
import { KillBed } from "./kill-bed.ts";
import { DEATHS } from "./kill-jobs.ts";
import { shuffled } from "./shuffled.ts";
import { witnessed } from "./witness.ts";

const JOBS_PER_DEATH = isFullSize ? 20 : 1;
const WORKERS = 2;
const TIMEOUT_MS = 900_000;

it(
  "R7: a rerun after a crash sees the same idempotency key, and repeats no step whose record was there",
  async () => {
    const seed = seedOfRun("crash points");
    const random = seededRandom(seed);
    const deaths = DEATHS.flatMap((dies) => Array.from({ length: JOBS_PER_DEATH }, () => dies));
    const places = shuffled(deaths, random);
    // One job at a time: with a neighbour, that one's death would be a second crash point.
    const bed = await KillBed.open({ concurrency: 1, leaseMs: 500 });
    const jobs = await bed.queue.enqueueMany(
      "charges",
      places.map((dies) => ({ dies })),
    );
    for (let worker = 1; worker <= WORKERS; worker++) bed.superviseWorker();
    await bed.drained(TIMEOUT_MS);

    const account = takeAccount(
      bed,
      jobs.map(({ id }) => id),
    );
    expect(account).toMatchObject({
      lost: [],
      finishedTwice: [],
      rerunAmongOthers: [],
      charged: [],
      integrity: INTACT,
    });
    expect(account.ranTwice).toHaveLength(deaths.filter((dies) => dies !== "nowhere").length);
    const charges = Map.groupBy(witnessed(bed.folder, "charges"), ([jobId]) => jobId);
    for (const [n, { id }] of jobs.entries()) {
      const keys = (charges.get(id) ?? []).map(([, key]) => key);
      // Between effect and record nothing can help but the key.
      expect(keys, places[n]).toHaveLength(places[n] === "between effect and record" ? 2 : 1);
      expect(new Set(keys).size).toBe(1);
    }
    const keys = new Set([...charges.values()].flat().map(([, key]) => key));
    expect(keys.size).toBe(jobs.length);
    expect(bed.sql("SELECT 1 FROM dead_letter_jobs")).toEqual([]);
    expect(bed.sql("SELECT 1 FROM suspect")).toEqual([]);
    reportFigures({
      fault: "SIGKILL before, in and after an effect, and in the finishing transaction",
      size: `${jobs.length} jobs, ${account.ranTwice.length} of them killed once`,
      seed,
      saw: {
        "effects repeated": [...charges.values()].filter((lines) => lines.length > 1).length,
        "under another key": keys.size - jobs.length,
        "steps repeated that were recorded": [...charges].filter(
          ([id, lines]) =>
            lines.length > 1 &&
            places[jobs.findIndex((job) => job.id === id)] !== "between effect and record",
        ).length,
        "finished twice": account.finishedTwice.length,
      },
    });
  },
  TIMEOUT_MS,
);
