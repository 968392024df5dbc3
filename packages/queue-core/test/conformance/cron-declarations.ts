import { expect } from "vitest";
import type { CronDefinition } from "../../src/cron.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const HOUR_MS = 60 * 60_000;
type Declared = CronDefinition<"mail", { n: number }>;
const HOURLY: Declared = { type: "mail", id: "hourly", expression: "0 * * * *", payload: { n: 1 } };
const DAILY: Declared = { type: "mail", id: "daily", expression: "0 0 * * *", payload: { n: 2 } };

async function schedules(bed: TestBed): Promise<unknown> {
  return (await bed.store.listSchedules()).map(({ id, isActive }) => [id, isActive]);
}

export function cronDeclarationRules(rule: Rule): void {
  rule("what is new is added, what left the code is switched off, what comes back goes on", async (bed) => {
    expect(await bed.queue.syncCron([HOURLY, DAILY])).toEqual({
      added: ["hourly", "daily"],
      kept: [],
      deactivated: [],
    });
    expect(await bed.queue.syncCron([DAILY])).toEqual({ added: [], kept: [], deactivated: ["hourly"] });
    expect(await bed.queue.syncCron([DAILY])).toEqual({ added: [], kept: [], deactivated: [] });
    expect(await schedules(bed)).toEqual([
      ["daily", true],
      ["hourly", false],
    ]);
    bed.clock.advance(3 * HOUR_MS);
    expect(await bed.queue.runDueCronJobs()).toBe(0);
    await bed.queue.syncCron([HOURLY, DAILY]);
    // By its policy, `once`.
    expect(await bed.queue.runDueCronJobs()).toBe(1);
  });

  rule("a start that changes nothing touches nothing; a change in the code comes through", async (bed) => {
    await bed.queue.syncCron([HOURLY]);
    const before = await bed.store.listSchedules();
    bed.clock.advance(2 * HOUR_MS);
    await bed.queue.syncCron([HOURLY]);
    expect(await bed.store.listSchedules()).toEqual(before);
    for (const change of [
      { payload: { n: 5 } },
      { expression: { everyMs: HOUR_MS } },
      { timeZone: "Asia/Tokyo" },
      { catchUp: "skip" },
      { overlap: "skip" },
    ] as const) {
      await bed.queue.syncCron([HOURLY]);
      await bed.queue.syncCron([{ ...HOURLY, ...change }]);
      const expected = "expression" in change ? { expression: "every 3600000 ms" } : change;
      expect(await bed.store.listSchedules()).toMatchObject([expected]);
    }
  });

  rule("what an operator edited or paused survives a deploy", async (bed) => {
    await bed.queue.syncCron([HOURLY, DAILY]);
    await bed.queue.editCron("daily", { expression: "0 6 * * *" }, { actor: "ann" });
    await bed.queue.pauseCron("hourly", { actor: "ann" });
    expect(await bed.queue.syncCron([HOURLY, { ...DAILY, payload: { n: 9 } }])).toMatchObject({
      kept: ["daily"],
    });
    expect(await bed.store.listSchedules()).toMatchObject([
      { id: "daily", expression: "0 6 * * *", payload: { n: 2 } },
      { id: "hourly", isActive: false },
    ]);
    // Neither does leaving the code and coming back end the pause.
    await bed.queue.syncCron([DAILY]);
    await bed.queue.syncCron([HOURLY, DAILY]);
    expect(await schedules(bed)).toContainEqual(["hourly", false]);
  });

  rule(
    "an edit ends where the code gives the schedule another type, and where it is removed",
    async (bed) => {
      await bed.queue.syncCron([HOURLY, DAILY]);
      for (const id of ["hourly", "daily"]) await bed.queue.editCron(id, { payload: { n: 7 } });
      await bed.queue.removeCron("daily");
      const report = { ...HOURLY, type: "report", payload: { n: 3 } } as const;
      expect(await bed.queue.syncCron([report, DAILY])).toEqual({
        added: ["daily"],
        kept: [],
        deactivated: [],
      });
      expect(await bed.store.listSchedules()).toMatchObject([
        { id: "daily", payload: { n: 2 } },
        { id: "hourly", type: "report", payload: { n: 3 } },
      ]);
      expect(await bed.queue.syncCron([report, DAILY])).toMatchObject({ kept: [] });
    },
  );

  rule(
    "a schedule that was resumed after it left the code is switched off by the next start",
    async (bed) => {
      await bed.queue.syncCron([HOURLY]);
      await bed.queue.syncCron([]);
      await bed.queue.resumeCron("hourly");
      expect(await schedules(bed)).toEqual([["hourly", true]]);
      expect(await bed.queue.syncCron([])).toMatchObject({ deactivated: ["hourly"] });
      // Paused by somebody, though the code had withdrawn it before: stays so.
      await bed.queue.resumeCron("hourly");
      await bed.queue.pauseCron("hourly");
      await bed.queue.syncCron([HOURLY]);
      expect(await schedules(bed)).toEqual([["hourly", false]]);
    },
  );

  rule("schedules that were registered one by one are left alone", async (bed) => {
    await bed.queue.registerCron("mail", "0 * * * *", { id: "customer-1", payload: { n: 1 } });
    await bed.queue.syncCron([DAILY]);
    await bed.queue.syncCron([]);
    expect(await schedules(bed)).toEqual([
      ["customer-1", true],
      ["daily", false],
    ]);
  });

  rule("all or none: one that is wrong, or two of one id, change nothing", async (bed) => {
    const invalid = { code: "SCHEDULE_INVALID" };
    await expect(bed.queue.syncCron([DAILY, { ...HOURLY, expression: "no" }])).rejects.toMatchObject(invalid);
    await expect(bed.queue.syncCron([DAILY, DAILY])).rejects.toMatchObject(invalid);
    expect(await schedules(bed)).toEqual([]);
  });
}
