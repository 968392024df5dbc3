import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { seededRandom, seedOfRun } from "../system/random.ts";
import { until } from "../system/until.ts";
import { KillBed } from "./kill-bed.ts";
import { CONCURRENCY, FOLLOW_UP_EVERY } from "./kill-jobs.ts";
import type { WorkerChild } from "./worker-child.ts";

const WORKERS = 3;

async function addWork(bed: KillBed, count: number): Promise<void> {
  await bed.queue.enqueueMany(
    "work",
    Array.from({ length: count }, (_, n) => ({ n })),
  );
}

/** Kills one of the workers after another, each when so many runs have begun; a killed one is replaced at once. */
async function storm(bed: KillBed, killAt: readonly number[], random: () => number): Promise<void> {
  const workers = Array.from({ length: WORKERS }, () => bed.startWorker());
  for (const runs of killAt) {
    await until(() => bed.runs >= runs, `${runs} runs have begun`);
    const [victim] = workers.splice(Math.floor(random() * workers.length), 1);
    await victim?.kill();
    workers.push(bed.startWorker());
  }
}

describe("R10, R13: workers that are killed in the middle", () => {
  const jobs = isFullSize ? 20_000 : 2_000;
  const kills = isFullSize ? 150 : 15;

  it(`lose none of ${jobs} jobs and finish none twice, in ${kills} kills`, async () => {
    const random = seededRandom(seedOfRun("workers killed"));
    const killAt = Array.from({ length: kills }, () => Math.floor(random() * jobs * 0.9)).sort(
      (a, b) => a - b,
    );
    const bed = await KillBed.open();
    await addWork(bed, jobs);
    await storm(bed, killAt, random);
    await bed.drained();

    const all = jobs + jobs / FOLLOW_UP_EVERY;
    const runsByJob = bed.runsByJob;
    const twice = [...runsByJob.values()].filter((runs) => runs > 1).length;
    expect(bed.depths()).toEqual({ completed: all });
    expect(runsByJob.size).toBe(all);
    // A row of the ledger commits with a completion, so this counts completions and not runs.
    const completions = bed.sql("SELECT job_id FROM ledger GROUP BY job_id HAVING count(*) = 1");
    expect(completions).toHaveLength(all);
    expect(bed.sql("SELECT 1 FROM ledger")).toHaveLength(all);
    expect(bed.sql("SELECT payload FROM jobs WHERE type = 'follow_up' GROUP BY payload")).toHaveLength(
      jobs / FOLLOW_UP_EVERY,
    );
    // A crash is no attempt, and takes with it no more than what its worker was running.
    expect(bed.sql("SELECT 1 FROM jobs WHERE attempts <> 1")).toEqual([]);
    expect(bed.runs - all).toBeLessThanOrEqual(kills * CONCURRENCY);
    expect(bed.sql("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    reportFigures({
      fault: "SIGKILL of one worker of several under load",
      size: `${WORKERS} workers, ${all} jobs, ${kills} kills`,
      saw: { lost: all - runsByJob.size, "finished twice": all - completions.length, "run twice": twice },
    });
  }, 600_000);
});

describe("R3: workers that get SIGTERM in the middle", () => {
  it("finish what they run, exit with 0, and leave the rest to others, unspent", async () => {
    const jobs = 600;
    const bed = await KillBed.open();
    const workers = Array.from({ length: WORKERS }, () => bed.startWorker());
    await Promise.all(workers.map((worker) => worker.logged("worker started")));
    await addWork(bed, jobs);
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
  }, 120_000);
});

describe("R13: a worker that is stopped past its lease, and goes on", () => {
  async function running(bed: KillBed, worker: WorkerChild): Promise<void> {
    await until(() => {
      const [row] = bed.sql<{ locked_by: string }>("SELECT locked_by FROM jobs WHERE status = 'processing'");
      return row?.locked_by.includes(`-${worker.pid}-`);
    }, "the worker runs the job");
  }

  /** A worker that has a job but is stopped, and another one that has taken the job over. */
  async function stopPastLease(bed: KillBed) {
    const { id } = await bed.queue.enqueue("waits", { file: join(bed.folder, "go-on") });
    const zombie = bed.startWorker();
    await running(bed, zombie);
    zombie.signal("SIGSTOP");
    const heir = bed.startWorker();
    await running(bed, heir);
    const letFinish = ({ pid }: WorkerChild): void => writeFileSync(join(bed.folder, `go-on-${pid}`), "");
    return { id, zombie, heir, letFinish };
  }

  it("cannot finish the job that another one has finished meanwhile, and says so", async () => {
    const bed = await KillBed.open();
    const { id, zombie, heir, letFinish } = await stopPastLease(bed);
    letFinish(heir);
    await bed.drained();
    letFinish(zombie);
    zombie.signal("SIGCONT");
    const line = await zombie.logged("lease lost, result dropped");
    expect(line).toMatchObject({ jobId: id, type: "waits", attempt: 1, workflowId: null });
    expect(await bed.store.getJob(id)).toMatchObject({ status: "completed", attempts: 1, result: heir.pid });
    expect(bed.sql("SELECT job_id FROM ledger")).toEqual([{ job_id: id }]);
    expect(bed.runsByJob.get(id)).toBe(2);
    zombie.signal("SIGTERM");
    expect(await zombie.ended()).toEqual({ code: 0, stderr: "" });
  }, 120_000);

  it("cannot finish the job that another one runs", async () => {
    const bed = await KillBed.open();
    const { id, zombie, heir, letFinish } = await stopPastLease(bed);
    letFinish(zombie);
    zombie.signal("SIGCONT");
    await zombie.logged("lease lost, result dropped");
    expect(await bed.store.getJob(id)).toMatchObject({ status: "processing", attempts: 0 });
    expect(bed.sql("SELECT job_id FROM ledger")).toEqual([]);
    letFinish(heir);
    await bed.drained();
    expect(await bed.store.getJob(id)).toMatchObject({ status: "completed", attempts: 1, result: heir.pid });
  }, 120_000);
});
