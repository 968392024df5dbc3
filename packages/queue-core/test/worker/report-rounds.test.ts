import { expect, it } from "vitest";
import { z } from "zod";
import { indexCatalog } from "../../src/catalog.ts";
import { defineJob } from "../../src/define.ts";
import type { Told } from "../../src/store.ts";
import { AbortSwitch } from "../../src/worker/abort-switch.ts";
import { ReportRounds } from "../../src/worker/report-rounds.ts";
import { RunReporter } from "../../src/worker/run-reporter.ts";
import { until } from "./until.ts";

const catalog = indexCatalog([defineJob("mail", { payload: z.object({}) })]);

/** A store that hears what it is told when the test says so. */
function open() {
  const calls: {
    readonly told: readonly Told[];
    readonly answer: PromiseWithResolvers<readonly boolean[]>;
  }[] = [];
  const rounds = new ReportRounds({
    report: (told) => {
      const answer = Promise.withResolvers<readonly boolean[]>();
      calls.push({ told, answer });
      return answer.promise;
    },
  });
  const reporters = [1, 2].map((leaseToken) => {
    const abort = new AbortSwitch();
    const job = { id: `job-${leaseToken}`, type: "mail", leaseToken };
    return { abort, reporter: new RunReporter({ job, catalog, rounds, abort }) };
  });
  const [first, second] = reporters as [(typeof reporters)[0], (typeof reporters)[0]];
  const progressOf = (call: number): unknown => calls[call]?.told.map(({ report }) => report.progress);
  return { calls, rounds, first, second, progressOf };
}

it("a round has the last value of each run, and each is stored once", async () => {
  const { calls, rounds, first, second, progressOf } = open();
  for (const value of [1, 2, 3]) first.reporter.progress(value);
  second.reporter.progress(70);
  const round = rounds.flush();
  expect(progressOf(0)).toEqual(["3", "70"]);
  calls[0]?.answer.resolve([true, true]);
  await round;
  await rounds.flush();
  expect(calls).toHaveLength(1);
  expect(first.reporter.end()).toBeNull();
});

it("what a round could not store comes with the next one, unless something newer was told", async () => {
  const { calls, rounds, first, second, progressOf } = open();
  first.reporter.progress(1);
  second.reporter.progress(70);
  const round = rounds.flush();
  first.reporter.progress(2);
  calls[0]?.answer.reject(new Error("the disk is full"));
  await round;
  const next = rounds.flush();
  expect(progressOf(1)).toEqual(["2", "70"]);
  calls[1]?.answer.resolve([true, true]);
  await next;
});

it("the end of a run has what a round that is under way may yet fail to store", async () => {
  const { calls, rounds, first } = open();
  first.reporter.progress(99);
  const round = rounds.flush();
  expect(first.reporter.end()).toEqual({ progress: "99" });
  calls[0]?.answer.reject(new Error("the disk is full"));
  await round;
  await rounds.flush();
  expect(calls).toHaveLength(1);
});

it("an older value is never stored after a newer one: one round at a time", async () => {
  const { calls, rounds, first, progressOf } = open();
  first.reporter.progress(1);
  const round = rounds.flush();
  first.reporter.progress(2);
  const next = rounds.flush();
  expect(calls).toHaveLength(1);
  calls[0]?.answer.resolve([true]);
  await round;
  await until("the next round", () => calls.length === 2);
  expect(progressOf(1)).toEqual(["2"]);
  calls[1]?.answer.resolve([true]);
  await next;
});

it("a run whose lease was lost is told so, and tells nothing more", async () => {
  const { calls, rounds, first, second } = open();
  first.reporter.progress(1);
  second.reporter.progress(2);
  const round = rounds.flush();
  calls[0]?.answer.resolve([false, true]);
  await round;
  expect(first.abort.reason).toMatchObject({ code: "LEASE_LOST" });
  expect(second.abort.isAborted).toBe(false);
  expect(first.reporter.end()).toBeNull();
});

it("after the stop nothing is stored", async () => {
  const { calls, rounds, first } = open();
  await rounds.stop();
  first.reporter.progress(1);
  await rounds.flush();
  expect(calls).toEqual([]);
});
