import { sql } from "kysely";
import { expect } from "vitest";
import type { CatchUp } from "../../src/schedule.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const HOUR_MS = 60 * 60_000;
const ALL: CatchUp = { all: { max: 100, maxAgeMs: 100 * HOUR_MS } };

function register(bed: TestBed, catchUp: CatchUp = ALL): Promise<unknown> {
  return bed.queue.registerCron("mail", "0 * * * *", { payload: { n: 1 }, catchUp });
}

async function auditLines(bed: TestBed): Promise<unknown> {
  return (await sql`SELECT actor, action, subject, detail FROM audit_log ORDER BY n`.execute(bed.store.read))
    .rows;
}

export function cronEditRules(rule: Rule): void {
  for (const catchUp of ["once", "skip", ALL] as const) {
    rule(
      `a paused schedule takes no slot, and none of the pause later: ${JSON.stringify(catchUp)}`,
      async (bed) => {
        await register(bed, catchUp);
        expect(await bed.queue.pauseCron("mail", { actor: "ann" })).toMatchObject({ isActive: false });
        bed.clock.advance(5 * HOUR_MS + 1);
        expect(await bed.queue.runDueCronJobs()).toBe(0);
        const nextRunAt = new Date(bed.clock.now() + HOUR_MS - 1);
        expect(await bed.queue.resumeCron("mail", { actor: "ann" })).toMatchObject({
          isActive: true,
          nextRunAt,
        });
        expect(await bed.queue.runDueCronJobs()).toBe(0);
        bed.clock.advance(HOUR_MS - 1);
        expect(await bed.queue.runDueCronJobs()).toBe(1);
      },
    );
  }

  rule("to resume what is not paused loses no slot that is due, and is not noted", async (bed) => {
    await register(bed);
    bed.clock.advance(2 * HOUR_MS);
    await bed.queue.resumeCron("mail");
    expect(await bed.queue.runDueCronJobs()).toBe(2);
    expect(await auditLines(bed)).toEqual([]);
  });

  rule("a deploy does not resume a paused schedule", async (bed) => {
    await register(bed);
    await bed.queue.pauseCron("mail");
    await register(bed);
    bed.clock.advance(HOUR_MS);
    expect(await bed.queue.runDueCronJobs()).toBe(0);
  });

  rule("an edit is checked, and the next run follows its times", async (bed) => {
    await register(bed);
    const nine = await bed.queue.editCron("mail", { expression: "30 9 * * *" });
    expect(nine.nextRunAt).toEqual(new Date("2026-01-01T09:30Z"));
    const edited = await bed.queue.editCron("mail", { timeZone: "Europe/Berlin" });
    expect(edited).toMatchObject({
      nextRunAt: new Date("2026-01-01T08:30Z"),
      payload: { n: 1 },
      catchUp: ALL,
      version: 3,
    });
    const invalid = { code: "SCHEDULE_INVALID" };
    await expect(bed.queue.editCron("mail", { expression: "no" })).rejects.toMatchObject(invalid);
    await expect(bed.queue.editCron("mail", { timeZone: "Mars/Base" })).rejects.toMatchObject(invalid);
    await expect(bed.queue.editCron("mail", { payload: {} })).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
    });
    expect(await bed.store.listSchedules()).toEqual([edited]);
  });

  rule("an edit of the payload alone loses no slot that is due", async (bed) => {
    await register(bed);
    bed.clock.advance(2 * HOUR_MS);
    await bed.queue.editCron("mail", { payload: { n: 7 } });
    expect(await bed.queue.runDueCronJobs()).toBe(2);
    expect((await bed.claim()).payload).toEqual({ n: 7 });
  });

  rule(
    "of two edits of one version the second is refused; slots that are taken meanwhile are no change",
    async (bed) => {
      await register(bed);
      bed.clock.advance(HOUR_MS);
      await bed.queue.runDueCronJobs();
      await bed.queue.editCron("mail", { payload: { n: 2 } }, { version: 1 });
      await expect(bed.queue.editCron("mail", { payload: { n: 3 } }, { version: 1 })).rejects.toMatchObject({
        code: "SCHEDULE_CONFLICT",
      });
      expect(await bed.store.listSchedules()).toMatchObject([{ payload: { n: 2 }, version: 2 }]);
    },
  );

  rule("a removed schedule adds no more; registered anew it takes no slot again", async (bed) => {
    await register(bed);
    bed.clock.advance(HOUR_MS);
    await bed.queue.runDueCronJobs();
    await bed.queue.removeCron("mail");
    expect(await bed.store.listSchedules()).toEqual([]);
    bed.clock.setWall(bed.clock.now() - HOUR_MS);
    await register(bed);
    bed.clock.advance(HOUR_MS);
    expect(await bed.queue.runDueCronJobs()).toBe(0);
    bed.clock.advance(HOUR_MS);
    expect(await bed.queue.runDueCronJobs()).toBe(1);
  });

  rule("who changed a schedule is noted, once; what does not exist is not found", async (bed) => {
    await register(bed);
    const by = { actor: "ann" };
    for (let times = 0; times < 2; times += 1) await bed.queue.pauseCron("mail", by);
    await bed.queue.resumeCron("mail", by);
    await bed.queue.editCron("mail", { payload: { n: 2 }, catchUp: "skip" }, by);
    await bed.queue.removeCron("mail", by);
    const line = { actor: "ann", subject: "mail", detail: null };
    const lines = [
      { ...line, action: "schedule.pause" },
      { ...line, action: "schedule.resume" },
      { ...line, action: "schedule.edit", detail: "payload, catchUp" },
      { ...line, action: "schedule.remove" },
    ];
    expect(await auditLines(bed)).toEqual(lines);
    const missing = { code: "JOB_NOT_FOUND" };
    await expect(bed.queue.pauseCron("mail")).rejects.toMatchObject(missing);
    await expect(bed.queue.resumeCron("mail")).rejects.toMatchObject(missing);
    await expect(bed.queue.editCron("mail", {})).rejects.toMatchObject(missing);
    await expect(bed.queue.removeCron("mail")).rejects.toMatchObject(missing);
    expect(await auditLines(bed)).toEqual(lines);
  });
}
