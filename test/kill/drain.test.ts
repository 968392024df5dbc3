import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom, seedOfRun } from "@holdfast/queue-core/testing";
import { describe, expect, it } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { until } from "../system/until.ts";
import { INTACT, takeAccount } from "./account.ts";
import { KillBed } from "./kill-bed.ts";
import type { KillChild } from "./kill-child.ts";
import { FOLLOW_UP_EVERY } from "./kill-jobs.ts";

const TIMEOUT_MS = 600_000;
const ALONE = "job was in a process that died: it runs alone in a process of its own";

describe("R3: workers that get SIGTERM in the middle", () => {
  it(
    "finish what they run, exit with 0, and leave the rest to others, unspent",
    async () => {
      const jobs = 600;
      const bed = await KillBed.open();
      const workers = [1, 2, 3].map(() => bed.startWorker());
      await Promise.all(workers.map((worker) => worker.logged("worker started")));
      await bed.queue.enqueueMany(
        "work",
        Array.from({ length: jobs }, (_, n) => ({ n })),
      );
      await until(() => bed.runs > 100, "the workers are at work");
      for (const worker of workers) worker.signal("SIGTERM");
      const ends = await Promise.all(workers.map((worker) => worker.ended()));
      expect(ends).toEqual(workers.map(() => ({ code: 0, stderr: "" })));

      const { completed = 0, pending = 0, ...others } = bed.depths();
      expect(others).toEqual({});
      // Each run that began has ended, none was cut off; what is pending never ran.
      expect(completed).toBe(bed.runs);
      expect(pending).toBeGreaterThan(0);
      expect(bed.sql("SELECT 1 FROM jobs WHERE status = 'pending' AND attempts <> 0")).toEqual([]);
      expect(bed.sql("SELECT id FROM worker")).toEqual([]);

      bed.startWorker();
      await bed.drained();
      expect(bed.depths()).toEqual({ completed: jobs + jobs / FOLLOW_UP_EVERY });
      expect(new Set(bed.runsByJob.values())).toEqual(new Set([1]));
      reportFigures({
        fault: "SIGTERM to three workers under load",
        size: `${jobs} jobs`,
        saw: {
          "exit codes": ends.map(({ code }) => code).join(" "),
          "cut off": bed.runs - jobs - jobs / FOLLOW_UP_EVERY,
        },
      });
    },
    TIMEOUT_MS,
  );
});

describe("R3, R13: a worker that is killed after it began to stop", () => {
  const rounds = isFullSize ? 20 : 1;
  const perRound = 4;

  /** Jobs that run until their worker is let go. */
  async function addWaiting(bed: KillBed): Promise<void> {
    const file = join(bed.folder, "go-on");
    await bed.queue.enqueueMany(
      "waits",
      Array.from({ length: perRound }, () => ({ file })),
    );
  }

  /** Begins to stop a worker with all its jobs still running. */
  async function beginStop(bed: KillBed, worker: KillChild): Promise<void> {
    worker.signal("SIGTERM");
    await until(
      () => bed.sql("SELECT 1 FROM worker WHERE draining_at IS NOT NULL").length === 1,
      "it is draining",
    );
  }

  const suspects = (bed: KillBed) => bed.sql<{ crashes: number }>("SELECT crashes FROM suspect");
  const running = (bed: KillBed) => bed.sql("SELECT 1 FROM jobs WHERE status = 'processing'").length;

  it(
    `makes no suspect of what it ran, ${rounds} times`,
    async () => {
      const bed = await KillBed.open();
      let suspected = 0;
      for (let round = 1; round <= rounds; round++) {
        await addWaiting(bed);
        const worker = bed.startWorker();
        await until(() => running(bed) === perRound, "all jobs run");
        await beginStop(bed, worker);
        await worker.kill();
        // Rescued by the next worker, which runs them among each other again.
        await until(async () => (await bed.store.rescue()) === perRound, "the jobs are handed back");
        suspected += suspects(bed).length;
        const next = bed.startWorker();
        writeFileSync(join(bed.folder, `go-on-${next.pid}`), "");
        await bed.drained();
        expect(next.lines.filter(({ msg }) => msg === ALONE)).toEqual([]);
        await next.kill();
      }
      expect(suspected).toBe(0);
      const account = takeAccount(bed);
      expect(account).toMatchObject({ lost: [], finishedTwice: [], charged: [], integrity: INTACT });
      expect(account.ranTwice).toHaveLength(rounds * perRound);
      reportFigures({
        fault: "SIGKILL of a worker that has begun to stop",
        size: `${rounds} rounds of ${perRound} running jobs`,
        saw: { suspected, lost: account.lost.length, "run alone": bed.runsAlone },
      });
    },
    TIMEOUT_MS,
  );

  it(
    `charges no suspect whose own process ended with it, ${rounds} times`,
    async () => {
      const seed = seedOfRun("killed while it drains");
      const random = seededRandom(seed);
      const bed = await KillBed.open();
      let charged = 0;
      for (let round = 1; round <= rounds; round++) {
        const alone = bed.runsAlone;
        await addWaiting(bed);
        const first = bed.startWorker();
        await until(() => running(bed) === perRound, "all jobs run");
        await first.kill();
        const second = bed.startWorker({ ownGroup: true });
        await until(() => bed.runsAlone > alone, "one of them runs alone");
        await beginStop(bed, second);
        // The child ends when its worker is gone, or with it, as in a container.
        await (random() < 0.5 ? second.kill() : second.killGroup());
        await until(async () => (await bed.store.rescue()) > 0, "the jobs are handed back");
        charged += suspects(bed).filter(({ crashes }) => crashes > 0).length;
        const third = bed.startWorker();
        writeFileSync(join(bed.folder, `go-on-${third.pid}`), "");
        await bed.drained();
        await third.kill();
      }
      expect(charged).toBe(0);
      const account = takeAccount(bed);
      expect(account).toMatchObject({ lost: [], finishedTwice: [], charged: [], integrity: INTACT });
      expect(bed.sql("SELECT 1 FROM dead_letter_jobs")).toEqual([]);
      reportFigures({
        fault: "SIGKILL of a stopping worker and of the process that runs a suspect for it",
        size: `${rounds} rounds of ${perRound} jobs`,
        seed,
        saw: { "crashes charged": charged, lost: account.lost.length },
      });
    },
    TIMEOUT_MS,
  );
});
