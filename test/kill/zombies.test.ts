import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom, seedOfRun } from "@holdfast/queue-core/testing";
import { describe, expect, it } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { until } from "../system/until.ts";
import { INTACT } from "./account.ts";
import { KillBed } from "./kill-bed.ts";
import type { KillChild } from "./kill-child.ts";
import { LATE_WRITES } from "./kill-jobs.ts";
import { shuffled } from "./shuffled.ts";

const TIMEOUT_MS = 600_000;
/** Silent for so long, the zombie loses its jobs: short, as each round waits for it. */
const LEASE_MS = 600;
/** The heir does not beat, and the zombie, once it is back, would take its jobs. */
const HEIR_LEASE_MS = 600_000;
const HEIR = "heir";

describe("R13: a worker that is stopped past its lease, and goes on", () => {
  const rounds = isFullSize ? 50 : 4;

  /** What the zombie got written although its jobs were another's. */
  function accepted(bed: KillBed): readonly unknown[] {
    return [
      ...bed.sql(`SELECT id FROM jobs WHERE type = 'zombie' AND NOT (status = 'completed' AND attempts = 1
        AND result = '"${HEIR}"' OR status = 'processing' AND locked_by = '${HEIR}')`),
      ...bed.sql("SELECT job_id FROM ledger"),
      ...bed.sql("SELECT id FROM jobs WHERE type = 'follow_up'"),
      ...bed.sql("SELECT seq FROM attempt"),
      ...bed.sql("SELECT job_id FROM processed_jobs"),
    ];
  }

  it(
    `gets nothing written about jobs that another has, or has finished: ${rounds} rounds`,
    async () => {
      const seed = seedOfRun("zombies");
      const random = seededRandom(seed);
      const bed = await KillBed.open({ leaseMs: LEASE_MS });
      const zombie = bed.startWorker();
      await zombie.logged("worker started");
      const writes: unknown[] = [];
      // Half of the rounds each way, in an order that chance chose.
      const finishesFirst = Array.from({ length: rounds }, (_, round) => round % 2 === 0);
      for (const [round, isFinished] of shuffled(finishesFirst, random).entries()) {
        await oneRound(bed, zombie, join(bed.folder, `round-${round}`), isFinished);
        writes.push(...accepted(bed));
      }
      expect(writes).toEqual([]);
      expect(bed.runs).toBe(rounds * LATE_WRITES.length);
      expect(bed.sql("PRAGMA integrity_check")).toEqual(INTACT);
      zombie.signal("SIGTERM");
      expect(await zombie.ended()).toEqual({ code: 0, stderr: "" });
      reportFigures({
        fault: "SIGSTOP past the lease, then SIGCONT",
        size: `${rounds} rounds of ${LATE_WRITES.length} jobs, each ending another way`,
        seed,
        saw: { "writes accepted": writes.length },
      });
    },
    TIMEOUT_MS,
  );

  /** @param finishesFirst whether the heir finishes the jobs before the zombie goes on, or has them still */
  async function oneRound(
    bed: KillBed,
    zombie: KillChild,
    file: string,
    finishesFirst: boolean,
  ): Promise<void> {
    const late = await bed.queue.enqueueMany(
      "zombie",
      LATE_WRITES.map((way) => ({ way, file })),
    );
    await until(() => existsSync(`${file}-blocked`), "all jobs have begun");
    bed.freeze(zombie);
    await until(async () => (await bed.store.rescue()) === late.length, "the jobs are handed back");
    const claimed = await bed.queue.dequeueBatch(HEIR, late.length, { leaseMs: HEIR_LEASE_MS });
    expect(claimed).toHaveLength(late.length);
    const finish = () => Promise.all(claimed.map((job) => bed.queue.completeJob(job, HEIR)));
    if (finishesFirst) await finish();
    writeFileSync(file, "");
    zombie.signal("SIGCONT");
    for (const { id } of late) await zombie.logged("lease lost, result dropped", id);
    const idOf = (way: (typeof LATE_WRITES)[number]) => late[LATE_WRITES.indexOf(way)]?.id;
    await zombie.logged("run failed, will be retried", idOf("fail"));
    // Its beat, too, told it that the jobs are gone, and kept none of them.
    expect(await zombie.logged("signal aborted", idOf("keep"))).toMatchObject({
      reason: expect.stringContaining("lease"),
    });
    if (!finishesFirst) {
      expect(bed.sql(`SELECT 1 FROM running WHERE worker_id = '${HEIR}'`)).toHaveLength(late.length);
      await finish();
    }
  }

  it(
    "is not missed: a worker that took its job over has finished it, alone",
    async () => {
      const bed = await KillBed.open({ leaseMs: LEASE_MS });
      const { id } = await bed.queue.enqueue("waits", { file: join(bed.folder, "go-on") });
      const letFinish = ({ pid }: KillChild): void => writeFileSync(join(bed.folder, `go-on-${pid}`), "");
      const zombie = bed.startWorker();
      await until(() => bed.runs === 1, "the job runs");
      bed.freeze(zombie);
      const heir = bed.startWorker();
      letFinish(heir);
      await bed.drained();
      letFinish(zombie);
      zombie.signal("SIGCONT");
      const line = await zombie.logged("lease lost, result dropped");
      expect(line).toMatchObject({ jobId: id, type: "waits", attempt: 1, workflowId: null });
      expect(await bed.store.getJob(id)).toMatchObject({
        status: "completed",
        attempts: 1,
        result: heir.pid,
      });
      expect(bed.sql("SELECT job_id FROM ledger")).toEqual([{ job_id: id }]);
      expect([bed.runsByJob.get(id), bed.runsAlone]).toEqual([2, 1]);
    },
    TIMEOUT_MS,
  );
});
