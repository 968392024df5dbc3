import { sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TestBed } from "./conformance/test-bed.ts";
import { createSqliteDatabase } from "./sqlite/sqlite-test-database.ts";

// What a learner of the library is asked to show. The exercise on the query plan is in sqlite/query-plan.test.ts.

const DAY_MS = 24 * 60 * 60_000;

let bed: TestBed;
beforeEach(async () => {
  bed = await TestBed.open(createSqliteDatabase);
});
afterEach(async () => {
  expect(await bed.database.faults()).toEqual([]);
  await bed.close();
});

/** The columns of a table or view, in order. */
async function columnsOf(name: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`SELECT name FROM pragma_table_info(${name})`.execute(
    bed.store.read,
  );
  return rows.map((row) => row.name);
}

const JOB_COLUMNS =
  `id type payload status priority attempts max_attempts last_error scheduled_at created_at updated_at
  completed_at locked_by locked_at workflow_id`.split(/\s+/);

it.each([
  ["R1", "jobs", JOB_COLUMNS],
  ["R14", "workflow_jobs", JOB_COLUMNS],
  [
    "R6",
    "dead_letter_jobs",
    `id original_job_id type payload attempts last_error failed_at reviewed notes workflow_id reason priority
      max_attempts created_at`.split(/\s+/),
  ],
  ["R7", "processed_jobs", ["job_id", "step", "result", "processed_at"]],
  [
    "R9",
    "cron_schedules",
    "id type payload cron_expression last_run_at next_run_at is_active created_at time_zone catch_up".split(
      " ",
    ),
  ],
])("Exercise: the schema has its columns (%s: %s)", async (_, name, columns) => {
  expect(await columnsOf(name)).toEqual(expect.arrayContaining(columns));
});

it("Exercise: the schema has its columns (R1: a row of jobs holds what the job is)", async () => {
  const parent = await bed.add();
  const failing = await bed.add({ workflowId: "wf-1", priority: 9 });
  await bed.queue.failJob(await bed.claim(), new Error("no luck"));
  await bed.queue.completeJob(await bed.claim());
  bed.clock.advance(30_000);
  await bed.claim("worker-2");
  const now = bed.clock.now();
  const { rows } = await sql`SELECT * FROM jobs ORDER BY created_at, id`.execute(bed.store.read);
  expect(rows).toMatchObject([
    {
      id: parent.id,
      status: "completed",
      attempts: 1,
      max_attempts: 5,
      priority: 5,
      completed_at: now - 30_000,
    },
    {
      id: failing.id,
      type: "mail",
      payload: '{"n":1}',
      status: "processing",
      priority: 9,
      attempts: 1,
      last_error: "Error: no luck",
      scheduled_at: now,
      created_at: now - 30_000,
      updated_at: now,
      completed_at: null,
      locked_by: "worker-2",
      locked_at: now,
      workflow_id: "wf-1",
    },
  ]);
});

it("Exercise: 50 jobs: depth in the stats before and after", async () => {
  await bed.queue.enqueueMany(
    "mail",
    Array.from({ length: 50 }, (_, n) => ({ n })),
  );
  const { queue: before } = await bed.queue.stats();
  expect([before.pending, before.processing, before.completedLastHour]).toEqual([50, 0, 0]);
  for (
    let claimed = await bed.queue.dequeue("worker-1");
    claimed;
    claimed = await bed.queue.dequeue("worker-1")
  ) {
    await bed.queue.completeJob(claimed);
  }
  const { queue: after, byType } = await bed.queue.stats();
  expect([after.pending, after.processing, after.completedLastHour]).toEqual([0, 0, 50]);
  expect(byType).toEqual([{ type: "mail", status: "completed", count: 50 }]);
});

it("Exercise: failing jobs show in failureRate and the DLQ", async () => {
  await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }, { n: 3 }], { maxAttempts: 1 });
  await bed.queue.failJob(await bed.claim(), new Error("no luck"));
  await bed.queue.completeJob(await bed.claim());
  await bed.queue.completeJob(await bed.claim());
  const { queue, deadLetterQueue } = await bed.queue.stats();
  expect(queue.failureRate).toBeCloseTo(1 / 3);
  expect([queue.failed, deadLetterQueue.unreviewed]).toEqual([1, 1]);
  const { items } = await bed.store.listDeadLetters({ limit: 10 });
  expect(items).toMatchObject([
    { type: "mail", payload: { n: 1 }, lastError: "Error: no luck", attempts: 1 },
  ]);
});

it("Exercise: old completed rows are cleaned up", async () => {
  const old = await bed.add();
  await bed.queue.completeJob(await bed.claim());
  bed.clock.advance(6 * DAY_MS);
  const recent = await bed.add();
  await bed.queue.completeJob(await bed.claim());
  bed.clock.advance(DAY_MS);
  expect(await bed.store.prune({ keepMs: 7 * DAY_MS })).toBe(1);
  expect(await bed.states(old.id, recent.id)).toEqual(["gone", "completed"]);
});
