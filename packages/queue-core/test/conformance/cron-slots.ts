import { sql } from "kysely";
import { expect } from "vitest";
import { z } from "zod";
import { defineJob } from "../../src/define.ts";
import { createQueue } from "../../src/queue.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
/** The fake clock's first midnight after its start, which is a midnight itself. */
const MIDNIGHT_MS = Date.UTC(2026, 0, 2);

/** The slots that jobs were made for, in order. */
async function slotsOf(bed: TestBed): Promise<string[]> {
  const { items } = await bed.store.listJobs({ limit: 1_000 });
  return items.flatMap(({ slotAt }) => (slotAt ? [slotAt.toISOString()] : [])).toReversed();
}

const iso = (...ms: readonly number[]): string[] => ms.map((at) => new Date(at).toISOString());

export function cronSlotRules(rule: Rule): void {
  rule("R9: a schedule is registered with its next run, and listed", async (bed) => {
    const schedule = await bed.queue.registerCron("mail", "0 0 * * *", {
      payload: { n: 3 },
      timeZone: "Europe/Berlin",
    });
    expect(schedule).toEqual({
      id: "mail",
      type: "mail",
      payload: { n: 3 },
      payloadVersion: 1,
      keyId: null,
      expression: "0 0 * * *",
      timeZone: "Europe/Berlin",
      catchUp: "once",
      isActive: true,
      lastRunAt: null,
      nextRunAt: new Date("2026-01-01T23:00:00Z"),
      createdAt: new Date(bed.clock.now()),
      version: 1,
      overlap: "allow",
    });
    expect(await bed.store.listSchedules()).toEqual([schedule]);
  });

  rule("R9: a slot becomes a job when its time has come, and not before", async (bed) => {
    await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 3 } });
    bed.clock.advance(DAY_MS - 1);
    expect(await bed.queue.runDueCronJobs()).toBe(0);
    bed.clock.advance(1);
    expect(await bed.queue.runDueCronJobs()).toBe(1);
    expect(await bed.queue.runDueCronJobs()).toBe(0);
    expect(await bed.claim()).toMatchObject({
      type: "mail",
      payload: { n: 3 },
      slotAt: new Date(MIDNIGHT_MS),
    });
    expect(await bed.store.listSchedules()).toMatchObject([
      { lastRunAt: new Date(MIDNIGHT_MS), nextRunAt: new Date(MIDNIGHT_MS + DAY_MS) },
    ]);
  });

  rule("R9: however many schedulers run, each slot is taken once", async (bed) => {
    const others = [await bed.openProcess(), await bed.openProcess()];
    await bed.queue.registerCron("mail", "0 * * * *", { payload: { n: 1 } });
    const expected: number[] = [];
    for (let hour = 1; hour <= 6; hour += 1) {
      bed.clock.advance(HOUR_MS);
      expected.push(bed.clock.now());
      await Promise.all([bed, ...others].map(({ queue }) => queue.runDueCronJobs()));
    }
    expect(await slotsOf(bed)).toEqual(iso(...expected));
  });

  rule("R9: two schedules of one type are two", async (bed) => {
    await bed.queue.registerCron("mail", "0 0 * * *", { id: "daily", payload: { n: 1 } });
    await bed.queue.registerCron("mail", "0 * * * *", { id: "hourly", payload: { n: 2 } });
    bed.clock.advance(DAY_MS);
    expect(await bed.queue.runDueCronJobs()).toBe(2);
    expect((await bed.store.listSchedules()).map(({ id }) => id)).toEqual(["daily", "hourly"]);
  });

  rule("R9: of slots that nobody was there to take, the latest is caught up by default", async (bed) => {
    await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 1 } });
    bed.clock.advance(3 * DAY_MS + 5 * HOUR_MS);
    expect(await bed.queue.runDueCronJobs()).toBe(1);
    expect(await slotsOf(bed)).toEqual(iso(MIDNIGHT_MS + 2 * DAY_MS));
    expect((await bed.store.listSchedules())[0]?.nextRunAt).toEqual(new Date(MIDNIGHT_MS + 3 * DAY_MS));
  });

  rule("R9: catching up can be skipped; a slot of this minute is no catching up", async (bed) => {
    await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 1 }, catchUp: "skip" });
    bed.clock.advance(3 * DAY_MS + 60_000);
    expect(await bed.queue.runDueCronJobs()).toBe(0);
    expect((await bed.store.listSchedules())[0]).toMatchObject({
      lastRunAt: null,
      nextRunAt: new Date(MIDNIGHT_MS + 3 * DAY_MS),
    });
    bed.clock.advance(DAY_MS - 1);
    expect(await bed.queue.runDueCronJobs()).toBe(1);
    expect(await slotsOf(bed)).toEqual(iso(MIDNIGHT_MS + 3 * DAY_MS));
  });

  rule(
    "R9: all missed slots are caught up where that is asked for, the newest of them within bounds",
    async (bed) => {
      const catchUp = { all: { max: 3, maxAgeMs: 10 * DAY_MS } };
      await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 1 }, catchUp });
      bed.clock.advance(2 * DAY_MS + HOUR_MS);
      expect(await bed.queue.runDueCronJobs()).toBe(2);
      bed.clock.advance(5 * DAY_MS);
      expect(await bed.queue.runDueCronJobs()).toBe(3);
      expect(await slotsOf(bed)).toEqual(iso(...[0, 1, 4, 5, 6].map((day) => MIDNIGHT_MS + day * DAY_MS)));
    },
  );

  rule("R9: slots that are too old are not caught up", async (bed) => {
    const catchUp = { all: { max: 100, maxAgeMs: 2 * DAY_MS } };
    await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 1 }, catchUp });
    bed.clock.advance(9 * DAY_MS + HOUR_MS);
    expect(await bed.queue.runDueCronJobs()).toBe(2);
    expect(await slotsOf(bed)).toEqual(iso(MIDNIGHT_MS + 7 * DAY_MS, MIDNIGHT_MS + 8 * DAY_MS));
  });

  rule(
    "R9: a clock set back doubles no slot, and the schedule goes on by the clock as it is",
    async (bed) => {
      await bed.queue.registerCron("mail", "0 * * * *", { payload: { n: 1 } });
      const expected: number[] = [];
      for (let hour = 0; hour < 3; hour += 1) {
        bed.clock.advance(HOUR_MS);
        expected.push(bed.clock.now());
        await bed.queue.runDueCronJobs();
      }
      bed.clock.setWall(bed.clock.now() - 6 * HOUR_MS);
      const reached = bed.clock.now();
      await bed.queue.runDueCronJobs();
      expect((await bed.store.listSchedules())[0]?.nextRunAt).toEqual(new Date(reached + HOUR_MS));
      for (let hour = 0; hour < 6; hour += 1) {
        bed.clock.advance(HOUR_MS);
        await bed.queue.runDueCronJobs();
      }
      const early = [1, 2, 3].map((hour) => reached + hour * HOUR_MS);
      expect((await slotsOf(bed)).toSorted()).toEqual(iso(...early, ...expected));
    },
  );

  rule("R9: a clock that jumps ahead and back doubles no slot", async (bed) => {
    await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 1 } });
    for (const jump of [1.5 * DAY_MS, -DAY_MS, DAY_MS, -DAY_MS / 2, DAY_MS / 2]) {
      bed.clock.setWall(bed.clock.now() + jump);
      await bed.queue.runDueCronJobs();
    }
    const slots = await slotsOf(bed);
    expect(new Set(slots).size).toBe(slots.length);
    expect(slots).toContain(iso(MIDNIGHT_MS)[0]);
  });

  rule(
    "R9: registering again changes a schedule, and keeps its next run while its times stay the same",
    async (bed) => {
      const { nextRunAt } = await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 1 } });
      bed.clock.advance(DAY_MS + HOUR_MS);
      // A deploy after midnight must not skip the slot that no scheduler has taken yet.
      const again = await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 2 }, catchUp: "skip" });
      expect(again).toMatchObject({ payload: { n: 2 }, catchUp: "skip", nextRunAt });
      const moved = await bed.queue.registerCron("mail", "30 0 * * *", { payload: { n: 2 } });
      expect(moved.nextRunAt).toEqual(new Date(MIDNIGHT_MS + DAY_MS + HOUR_MS / 2));
      const zoned = await bed.queue.registerCron("mail", "30 0 * * *", {
        payload: { n: 2 },
        timeZone: "Asia/Tokyo",
      });
      expect(zoned.nextRunAt).toEqual(new Date(MIDNIGHT_MS + 15.5 * HOUR_MS));
      expect(await bed.store.listSchedules()).toHaveLength(1);
    },
  );

  rule("R9: a schedule that cannot be used is refused and not stored", async (bed) => {
    const invalid = { code: "SCHEDULE_INVALID" };
    const payload = { n: 1 };
    await expect(bed.queue.registerCron("mail", "61 * * * *", { payload })).rejects.toMatchObject(invalid);
    await expect(bed.queue.registerCron("mail", "0 0 30 2 *", { payload })).rejects.toMatchObject(invalid);
    await expect(
      bed.queue.registerCron("mail", "0 0 * * *", { payload, timeZone: "Mars/Base" }),
    ).rejects.toMatchObject(invalid);
    for (const all of [
      { max: 0, maxAgeMs: 1 },
      { max: 1.5, maxAgeMs: 1 },
      { max: 1, maxAgeMs: Number.NaN },
    ]) {
      const refused = bed.queue.registerCron("mail", "0 0 * * *", { payload, catchUp: { all } });
      await expect(refused).rejects.toMatchObject(invalid);
    }
    for (const options of [{ catchUp: "all" as never }, { id: "" }, { id: "x".repeat(201) }]) {
      const refused = bed.queue.registerCron("mail", "0 0 * * *", { payload, ...options });
      await expect(refused).rejects.toMatchObject(invalid);
    }
    await expect(bed.queue.registerCron("mail", "0 0 * * *")).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
    });
    expect(await bed.store.listSchedules()).toEqual([]);
  });

  rule("R9: a schedule that cannot be worked any more holds up no other, and says so", async (bed) => {
    const old = createQueue({
      store: bed.store,
      jobs: [defineJob("a-retired-type", { payload: z.object({}) })],
      clock: bed.clock,
    });
    await old.registerCron("a-retired-type", "0 0 * * *");
    await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 1 } });
    bed.clock.advance(DAY_MS);
    await expect(bed.queue.runDueCronJobs()).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      message: expect.stringContaining("a-retired-type"),
    });
    expect(await slotsOf(bed)).toEqual(iso(MIDNIGHT_MS));
    // Its slot is not lost: whoever knows the type takes it.
    expect(await old.runDueCronJobs()).toBe(1);
  });

  rule("R9: a schedule that is switched off makes no jobs", async (bed) => {
    await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 1 } });
    await bed.store.transaction((tx) => sql`UPDATE cron_schedules SET is_active = 0`.execute(tx.sql));
    bed.clock.advance(2 * DAY_MS);
    expect(await bed.queue.runDueCronJobs()).toBe(0);
    expect(await bed.store.listSchedules()).toMatchObject([{ isActive: false }]);
  });

  for (const [zone, from, expected] of [
    ["Europe/Berlin", "2026-03-28T12:00Z", ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]],
    ["Europe/Berlin", "2026-10-24T12:00Z", ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]],
  ] as const) {
    rule(
      `R9: on a day with a change of time 02:30 comes once (${zone}, ${from.slice(0, 10)})`,
      async (bed) => {
        bed.clock.setWall(Date.parse(from));
        await bed.queue.registerCron("mail", "30 2 * * *", { payload: { n: 1 }, timeZone: zone });
        for (let i = 0; i < 45; i += 1) {
          bed.clock.advance(HOUR_MS);
          await bed.queue.runDueCronJobs();
        }
        expect(await slotsOf(bed)).toEqual(expected);
      },
    );
  }
}
