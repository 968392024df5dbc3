import { expect, it } from "vitest";
import { RecordingStore } from "./recording-store.ts";

const DAY_MS = 24 * 60 * 60_000;

/** As many runs under way, and each has told a log of so many bytes. */
async function openWithLogs(runs: number, bytes: number) {
  const bed = await RecordingStore.open();
  const payloads = Array.from({ length: runs }, (_, n) => ({ n }));
  await bed.queue.enqueueMany("mail", payloads);
  const jobs = await bed.queue.dequeueBatch("worker-1", runs);
  const log = JSON.stringify("x".repeat(bytes));
  const statements = await bed.statementsOf(() =>
    bed.store.report(jobs.map((job) => ({ job, report: { log } }))),
  );
  return { bed, jobs, statements };
}

const countOf = (statements: readonly string[], start: string): number =>
  statements.filter((sql) => sql.startsWith(start)).length;

it("stores long logs of many runs in several transactions, so that nobody waits long for the lock", async () => {
  const { bed, jobs, statements } = await openWithLogs(10, 262_000);
  expect(countOf(statements, "INSERT INTO run_report")).toBe(10);
  expect(countOf(statements, "BEGIN")).toBe(3);
  expect(await bed.store.report(jobs.map((job) => ({ job, report: { progress: "1" } })))).toEqual(
    jobs.map(() => true),
  );
  await bed.close();
});

it("stores short ones of many runs in one", async () => {
  const { bed, statements } = await openWithLogs(100, 100);
  expect(countOf(statements, "BEGIN")).toBe(1);
  await bed.close();
});

it("R20: old logs are deleted a hundred to a transaction, as jobs are", async () => {
  const { bed } = await openWithLogs(250, 10);
  bed.clock.advance(DAY_MS);
  const statements = await bed.statementsOf(() => bed.store.prune({ keepMs: 7 * DAY_MS, logMs: DAY_MS }));
  expect(countOf(statements, "UPDATE run_report SET log = NULL")).toBe(3);
  await bed.close();
});
