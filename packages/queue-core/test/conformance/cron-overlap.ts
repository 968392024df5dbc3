import { sql } from "kysely";
import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const HOUR_MS = 60 * 60_000;

async function nextHour(bed: TestBed): Promise<number> {
  bed.clock.advance(HOUR_MS);
  return bed.queue.runDueCronJobs();
}

export function cronOverlapRules(rule: Rule): void {
  rule("by default a slot gets its job though the last one has not ended", async (bed) => {
    await bed.queue.registerCron("mail", "0 * * * *", { payload: { n: 1 } });
    expect([await nextHour(bed), await nextHour(bed)]).toEqual([1, 1]);
  });

  rule("overlap skip: a slot is passed over, for good, until the last job has ended", async (bed) => {
    await bed.queue.registerCron("mail", "0 * * * *", { payload: { n: 1 }, overlap: "skip" });
    expect(await nextHour(bed)).toBe(1);
    expect(await nextHour(bed), "pending").toBe(0);
    const first = await bed.claim();
    bed.clock.advance(HOUR_MS - 1_000);
    await bed.queue.failJob(first, new Error("no luck"));
    bed.clock.advance(1_000);
    expect(await bed.queue.runDueCronJobs(), "between retries").toBe(0);
    bed.clock.advance(HOUR_MS / 2);
    const retried = await bed.claim();
    bed.clock.advance(HOUR_MS / 2);
    expect(await bed.queue.runDueCronJobs(), "running").toBe(0);
    await bed.queue.completeJob(retried);
    expect(await bed.queue.runDueCronJobs(), "no slot comes back").toBe(0);
    expect(await nextHour(bed)).toBe(1);
    const { rows } = await sql`SELECT seq > 0 AS made FROM cron_slot ORDER BY slot_at`.execute(
      bed.store.read,
    );
    expect(rows).toEqual([1, 0, 0, 0, 1].map((made) => ({ made })));
  });

  rule("overlap skip: a job that was cancelled or buried has ended", async (bed) => {
    await bed.queue.registerCron("mail", "0 * * * *", { payload: { n: 1 }, overlap: "skip" });
    expect(await nextHour(bed)).toBe(1);
    const { items } = await bed.store.listJobs({ limit: 1 });
    await bed.store.cancel(items[0]?.id ?? "");
    expect(await nextHour(bed)).toBe(1);
    await bed.finish(await bed.claim(), {
      verb: "bury",
      reason: "not_retryable",
      error: "no",
      timedOut: false,
    });
    expect(await nextHour(bed)).toBe(1);
  });

  rule("overlap skip: of slots that are caught up together one gets a job", async (bed) => {
    const catchUp = { all: { max: 10, maxAgeMs: 24 * HOUR_MS } };
    await bed.queue.registerCron("mail", "0 * * * *", { payload: { n: 1 }, overlap: "skip", catchUp });
    bed.clock.advance(4 * HOUR_MS);
    expect(await bed.queue.runDueCronJobs()).toBe(1);
  });

  rule("an interval takes the slots of its grid, and catches up as an expression does", async (bed) => {
    const schedule = await bed.queue.registerCron("mail", { everyMs: 90_000 }, { payload: { n: 1 } });
    const start = bed.clock.now();
    expect(schedule).toMatchObject({ expression: "every 90000 ms", nextRunAt: new Date(start + 90_000) });
    bed.clock.advance(10_000);
    // As a deploy does: the grid does not move with it.
    await bed.queue.registerCron("mail", { everyMs: 90_000 }, { payload: { n: 1 } });
    bed.clock.advance(79_999);
    expect(await bed.queue.runDueCronJobs()).toBe(0);
    bed.clock.advance(1);
    expect(await bed.queue.runDueCronJobs()).toBe(1);
    bed.clock.advance(10 * 90_000 + 5);
    expect(await bed.queue.runDueCronJobs()).toBe(1);
    expect((await bed.store.listJobs({ limit: 1 })).items[0]?.slotAt).toEqual(new Date(start + 11 * 90_000));
    for (const everyMs of [999, 1_000.5, Number.NaN, 367 * 24 * HOUR_MS])
      await expect(bed.queue.registerCron("mail", { everyMs }, { payload: { n: 1 } })).rejects.toMatchObject({
        code: "SCHEDULE_INVALID",
      });
  });
}
