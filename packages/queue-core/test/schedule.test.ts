import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ScheduleInvalidError } from "../src/errors.ts";
import { type CatchUp, computeNextRun, dueSlots, nextRuns, requireCatchUp } from "../src/schedule.ts";

/** Every run of an expression in a stretch of time. */
function runsBetween(expression: string, timeZone: string, from: string, to: string): string[] {
  const runs: string[] = [];
  let run = computeNextRun(expression, new Date(from), timeZone);
  while (run <= new Date(to)) {
    runs.push(run.toISOString());
    run = computeNextRun(expression, run, timeZone);
  }
  return runs;
}

describe("R9: computeNextRun", () => {
  it.each([
    ["* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00.000Z"],
    ["* * * * *", "2026-01-01T00:00:59.999Z", "2026-01-01T00:01:00.000Z"],
    ["0 0 * * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00.000Z"],
    ["0 3 * * 0", "2026-01-01T00:00:00Z", "2026-01-04T03:00:00.000Z"],
    ["0 3 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T03:00:00.000Z"],
    ["0 3 * * SUN", "2026-01-01T00:00:00Z", "2026-01-04T03:00:00.000Z"],
    ["0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00.000Z"],
    ["*/15 9-17 * * 1-5", "2026-01-02T17:45:00Z", "2026-01-05T09:00:00.000Z"],
    ["30 0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:00:30.000Z"],
    // Day of month or weekday, as cron has always had it.
    ["0 0 13 * 5", "2026-01-03T00:00:00Z", "2026-01-09T00:00:00.000Z"],
  ])("%s after %s is %s", (expression, after, next) => {
    expect(computeNextRun(expression, new Date(after), "UTC").toISOString()).toBe(next);
  });

  it("goes by the zone", () => {
    const midnight = (zone: string): string =>
      computeNextRun("0 0 * * *", new Date("2026-06-01T12:00Z"), zone).toISOString();
    expect(midnight("Asia/Tokyo")).toBe("2026-06-01T15:00:00.000Z");
    expect(midnight("America/New_York")).toBe("2026-06-02T04:00:00.000Z");
    expect(midnight("Asia/Kathmandu")).toBe("2026-06-01T18:15:00.000Z");
  });

  it("never gives the instant it starts from, nor an earlier one", () => {
    const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe");
    const expressions = fc.constantFrom("* * * * *", "30 2 * * *", "0 */2 * * *", "15 1 1 * *", "0 0 * * 1");
    const instants = fc.date({
      min: new Date("2026-01-01"),
      max: new Date("2027-12-31"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(expressions, instants, zones, (expression, after, zone) => {
        expect(computeNextRun(expression, after, zone).getTime()).toBeGreaterThan(after.getTime());
      }),
    );
  });

  it.each([
    ["", "UTC"],
    ["* * * *", "UTC"],
    ["60 * * * *", "UTC"],
    ["*/0 * * * *", "UTC"],
    ["every day", "UTC"],
    ["0 0 30 2 *", "UTC"],
    ["2030-01-01T00:00:00", "UTC"],
    ["0 0 0 1 1 * 2030", "UTC"],
    ["0 0 * * *", "Mars/Base"],
    ["0 0 * * *", ""],
  ])("refuses %j in zone %j", (expression, zone) => {
    expect(() => computeNextRun(expression, new Date("2026-01-01"), zone)).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID" }),
    );
  });

  it.each(["0 0 * * *", "every 60000 ms"])("names the zone that there is none of: %j", (expression) => {
    expect(() => computeNextRun(expression, new Date("2026-01-01"), "Mars/Base")).toThrow(
      `Cannot use cron expression "${expression}" in zone "Mars/Base": there is no such zone; ` +
        "it must be an IANA name, such as Europe/Berlin",
    );
  });
});

describe("R9: nextRuns", () => {
  const after = new Date("2026-03-28T12:00Z");

  it("lists the next runs, over a change of time too", () => {
    const runs = nextRuns("30 2 * * *", { timeZone: "Europe/Berlin", after, count: 3 });
    expect(runs.map((run) => run.toISOString())).toEqual([
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
      "2026-03-31T00:30:00.000Z",
    ]);
    expect(nextRuns("* * * * *", { after })).toHaveLength(5);
  });

  it("counts an interval from the epoch, before it too", () => {
    const from = (iso: string): unknown =>
      nextRuns("every 40000 ms", { after: new Date(iso), count: 2 }).map((run) => run.getTime());
    expect(from("1970-01-01T00:00:40Z")).toEqual([80_000, 120_000]);
    expect(from("1969-12-31T23:59:59Z")).toEqual([0, 40_000]);
  });

  it.each([0, 1.5, 1_001])("refuses %d runs", (count) => {
    expect(() => nextRuns("* * * * *", { after, count })).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID" }),
    );
  });

  it.each(["every 0 ms", "every 999 ms", "every 99999999999 ms", "every 60 s"])(
    "refuses %j",
    (expression) => {
      expect(() => nextRuns(expression, { after })).toThrow(
        expect.objectContaining({ code: "SCHEDULE_INVALID" }),
      );
    },
  );
});

describe("R9: on the days the clocks change", () => {
  it.each([
    // Clocks go from 02:00 to 03:00.
    [
      "Europe/Berlin",
      "30 2 * * *",
      "2026-03-28T12:00Z",
      ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"],
    ],
    [
      "America/New_York",
      "30 2 * * *",
      "2026-03-07T12:00Z",
      ["2026-03-08T07:00:00.000Z", "2026-03-09T06:30:00.000Z"],
    ],
    // Clocks go from 02:00 to 02:30.
    [
      "Australia/Lord_Howe",
      "15 2 * * *",
      "2026-10-03T00:00Z",
      ["2026-10-03T15:30:00.000Z", "2026-10-04T15:15:00.000Z"],
    ],
  ])("%s: a time that the gap leaves out runs at the gap's end (%s)", (zone, expression, from, runs) => {
    const [, second = ""] = runs;
    expect(runsBetween(expression, zone, from, second)).toEqual(runs);
  });

  it.each([
    // The hour from 02:00 comes twice; the first one counts.
    [
      "Europe/Berlin",
      "30 2 * * *",
      "2026-10-24T12:00Z",
      ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"],
    ],
    [
      "America/New_York",
      "30 1 * * *",
      "2026-10-31T12:00Z",
      ["2026-11-01T05:30:00.000Z", "2026-11-02T06:30:00.000Z"],
    ],
    // The half hour from 01:30 comes twice.
    [
      "Australia/Lord_Howe",
      "45 1 * * *",
      "2026-04-04T00:00Z",
      ["2026-04-04T14:45:00.000Z", "2026-04-05T15:15:00.000Z"],
    ],
  ])("%s: a time that comes twice runs once (%s)", (zone, expression, from, runs) => {
    const [, second = ""] = runs;
    expect(runsBetween(expression, zone, from, second)).toEqual(runs);
  });

  it.each([
    ["Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z", 23],
    ["Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z", 25],
    ["America/New_York", "2026-03-08T05:00Z", "2026-03-09T04:00Z", 23],
    ["America/New_York", "2026-11-01T04:00Z", "2026-11-02T05:00Z", 25],
  ])("%s: a wildcard hour runs every real hour of the day from %s to %s: %i", (zone, from, to, hours) => {
    const runs = runsBetween("30 * * * *", zone, from, to);
    expect(runs).toHaveLength(hours);
    const gaps = runs.slice(1).map((run, i) => Date.parse(run) - Date.parse(runs[i] ?? ""));
    expect(new Set(gaps)).toEqual(new Set([3_600_000]));
  });

  it("Lord Howe: a step of minutes follows real time through its half-hour changes", () => {
    for (const [from, to] of [
      ["2026-04-04T13:00Z", "2026-04-04T17:00Z"],
      ["2026-10-03T13:00Z", "2026-10-03T17:00Z"],
    ] as const) {
      const runs = runsBetween("*/15 * * * *", "Australia/Lord_Howe", from, to);
      expect(runs).toHaveLength(16);
    }
  });
});

describe("R9: dueSlots", () => {
  const due = (catchUp: CatchUp, next: string, now: string, expression = "0 0 * * *"): unknown => {
    const plan = dueSlots({ expression, timeZone: "UTC", catchUp, nextRunAt: new Date(next) }, new Date(now));
    return [plan.slots.map((slot) => slot.toISOString()), plan.nextRunAt.toISOString()];
  };

  it("has nothing to do before the next run", () => {
    expect(due("once", "2026-01-02T00:00Z", "2026-01-01T23:59:59.999Z")).toEqual([
      [],
      "2026-01-02T00:00:00.000Z",
    ]);
  });

  it("takes a slot at its very instant", () => {
    expect(due("skip", "2026-01-02T00:00Z", "2026-01-02T00:00Z")).toEqual([
      ["2026-01-02T00:00:00.000Z"],
      "2026-01-03T00:00:00.000Z",
    ]);
  });

  it("brings a next run that lies out of reach back", () => {
    expect(due("once", "2026-01-09T00:00Z", "2026-01-01T12:00Z")).toEqual([[], "2026-01-02T00:00:00.000Z"]);
  });

  it("takes a slot of the last minute however short the age is that may be caught up", () => {
    const none = { all: { max: 10, maxAgeMs: 0 } };
    expect(due(none, "2026-01-02T00:00Z", "2026-01-02T00:00:59.999Z")).toEqual([
      ["2026-01-02T00:00:00.000Z"],
      "2026-01-03T00:00:00.000Z",
    ]);
    expect(due(none, "2026-01-02T00:00Z", "2026-01-02T00:01Z")).toEqual([[], "2026-01-03T00:00:00.000Z"]);
  });

  it.each([Number.POSITIVE_INFINITY, Number.NaN, -1])("refuses to catch up as far as %d", (maxAgeMs) => {
    expect(() => requireCatchUp({ all: { max: 10, maxAgeMs } })).toThrow(ScheduleInvalidError);
  });

  it("is quick about a minute schedule that nobody worked for ten years", () => {
    expect(due("once", "2016-01-01T00:00Z", "2026-01-01T00:00:30Z", "* * * * *")).toEqual([
      ["2026-01-01T00:00:00.000Z"],
      "2026-01-01T00:01:00.000Z",
    ]);
    const all = { all: { max: 2, maxAgeMs: Number.MAX_SAFE_INTEGER } };
    expect(due(all, "2016-01-01T00:00Z", "2026-01-01T00:00:30Z", "* * * * *")).toEqual([
      ["2025-12-31T23:59:00.000Z", "2026-01-01T00:00:00.000Z"],
      "2026-01-01T00:01:00.000Z",
    ]);
  });

  it("always plans the next run after now", () => {
    const instants = fc.date({
      min: new Date("2026-01-01"),
      max: new Date("2026-03-01"),
      noInvalidDate: true,
    });
    const policies = fc.constantFrom<CatchUp>("skip", "once", { all: { max: 5, maxAgeMs: 86_400_000 } });
    fc.assert(
      fc.property(instants, instants, policies, (nextRunAt, now, catchUp) => {
        const plan = dueSlots({ expression: "0 */6 * * *", timeZone: "UTC", catchUp, nextRunAt }, now);
        expect(plan.nextRunAt.getTime()).toBeGreaterThan(now.getTime());
        for (const slot of plan.slots) expect(slot.getTime()).toBeLessThanOrEqual(now.getTime());
        expect(plan.slots.length).toBeLessThanOrEqual(5);
      }),
    );
  });
});
