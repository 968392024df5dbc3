import { seededRandom, seedOfRun } from "@holdfast/queue-core/testing";
import { describe, expect, it } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { until } from "../system/until.ts";
import { findMiscounts, INTACT, takeAccount } from "./account.ts";
import { CONCURRENCY, KillBed } from "./kill-bed.ts";
import { FOLLOW_UP_EVERY } from "./kill-jobs.ts";

const WORKERS = isFullSize ? 4 : 3;
const TIMEOUT_MS = 1_800_000;
/** In one transaction; the workers write between two. */
const CHUNK = 1_000;

/** Adds jobs while the workers are at work; resolves with their ids. */
async function addWork(bed: KillBed, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const payloads = Array.from({ length: Math.min(CHUNK, count - ids.length) }, (_, n) => ({
      n: ids.length + n,
    }));
    ids.push(...(await bed.queue.enqueueMany("work", payloads)).map(({ id }) => id));
  }
  return ids;
}

/** Kills one of the workers after another, each when so many runs have begun; a killed one is replaced at once. */
async function killAt(bed: KillBed, points: readonly number[], random: () => number): Promise<void> {
  const workers = Array.from({ length: WORKERS }, () => bed.startWorker());
  for (const [kill, runs] of points.entries()) {
    await until(
      () => bed.runs >= runs,
      () => `${runs} runs have begun, not ${bed.runs}`,
      TIMEOUT_MS,
    );
    const [victim] = workers.splice(Math.floor(random() * workers.length), 1);
    await victim?.kill();
    workers.push(bed.startWorker());
    if ((kill + 1) % 10 === 0) process.stdout.write(`${kill + 1} kills, ${bed.runs} runs\n`);
  }
}

describe("R10, R13: workers that are killed in the middle", () => {
  const jobs = isFullSize ? 100_000 : 1_000;
  const kills = isFullSize ? 100 : 5;

  it(
    `lose none of ${jobs} jobs and finish none twice, in ${kills} kills`,
    async () => {
      const seed = seedOfRun("workers killed");
      const random = seededRandom(seed);
      const points = Array.from({ length: kills }, () => Math.floor(random() * jobs * 0.9));
      const bed = await KillBed.open({ logLevel: "warn" });
      const [added] = await Promise.all([
        addWork(bed, jobs),
        killAt(
          bed,
          points.toSorted((a, b) => a - b),
          random,
        ),
      ]);
      await bed.drained(TIMEOUT_MS);

      expect(await findMiscounts(bed)).toEqual([]);
      const account = takeAccount(bed, added);
      const all = jobs + jobs / FOLLOW_UP_EVERY;
      expect(account).toMatchObject({
        jobs: all,
        lost: [],
        finishedTwice: [],
        rerunAmongOthers: [],
        charged: [],
        integrity: INTACT,
      });
      const followUps = bed.sql("SELECT payload FROM jobs WHERE type = 'follow_up' GROUP BY payload");
      expect(followUps).toHaveLength(jobs / FOLLOW_UP_EVERY);
      // A crash takes with it no more than what its worker was running.
      expect(bed.runs - all).toBeLessThanOrEqual(kills * CONCURRENCY);
      expect(bed.sql("SELECT 1 FROM suspect")).toEqual([]);
      const twice = account.ranTwice.length;
      if (isFullSize) expect(twice / all).toBeLessThanOrEqual(0.02);
      reportFigures({
        fault: `SIGKILL of one of ${WORKERS} workers under load`,
        size: `${all} jobs, ${kills} kills`,
        seed,
        saw: {
          lost: account.lost.length,
          "finished twice": account.finishedTwice.length,
          "run twice": `${((twice / all) * 100).toFixed(2)} % (${twice})`,
          "run alone": bed.runsAlone,
        },
      });
    },
    TIMEOUT_MS,
  );
});
