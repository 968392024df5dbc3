import { createHash } from "node:crypto";
import { createQueue } from "../../../src/index.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { FakeClock } from "../../../src/testing/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";
import { NOTE_TABLES, readDatabase } from "../sqlite-test-database.ts";

interface NoteTables {
  readonly note: { readonly text: string };
}

export interface KnownSteps {
  readonly steps: number;
  /** After this step everything is copied from the log into the database; 0 for never. */
  readonly checkpointAfter: number;
}

/**
 * Opens a new database and makes a number of commits, the same ones in every process: enqueues, claims, completions,
 * failures, and transactions of the application. It does not close the database.
 * @param onStep called when the tables stand (0), and after each commit
 */
export async function takeKnownSteps(
  path: string,
  { steps, checkpointAfter }: KnownSteps,
  onStep: (step: number) => void,
): Promise<{ readonly close: () => Promise<void> }> {
  const clock = new FakeClock();
  const store = await openSqliteStore<NoteTables>({
    path,
    clock,
    random: () => 0.5,
    migrations: [NOTE_TABLES],
  });
  const queue = createQueue({ store, jobs: JOB_TYPES });
  const payload = (n: number) => ({ n, text: "x".repeat((n * 37) % 300) });
  const take: readonly ((step: number) => Promise<unknown>)[] = [
    (n) => queue.enqueueMany("mail", [payload(n), payload(n + 1), payload(n + 2)]),
    async () => held.push(await queue.dequeue("worker-1")),
    (n) =>
      store.transaction(async (tx) => {
        await tx.sql
          .insertInto("note")
          .values({ text: `step ${n}` })
          .execute();
        await queue.enqueue("mail", payload(n), { tx });
      }),
    async () => held.push(await queue.dequeue("worker-2")),
    () => end((job) => queue.completeJob(job, { done: true })),
    () => end((job) => queue.failJob(job, new Error("No luck"))),
  ];
  const held: Awaited<ReturnType<typeof queue.dequeue>>[] = [];
  async function end(work: (job: NonNullable<(typeof held)[number]>) => Promise<unknown>): Promise<void> {
    const job = held.shift();
    if (!job) throw new Error("A step finds no job that it can end");
    await work(job);
  }
  onStep(0);
  for (let step = 1; step <= steps; step += 1) {
    clock.advance(10);
    await take[(step - 1) % take.length]?.(step);
    onStep(step);
    if (step === checkpointAfter) await store.checkpoint();
  }
  return store;
}

/** All rows of all tables, in one hash. */
export function fingerprint(path: string): string {
  return readDatabase(path, (database) => {
    const names = database.prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    );
    const tables = names.pluck().all();
    const rows = tables.map((table) => [table, database.prepare(`SELECT * FROM "${table}"`).raw().all()]);
    return createHash("sha256").update(JSON.stringify(rows)).digest("hex");
  });
}
