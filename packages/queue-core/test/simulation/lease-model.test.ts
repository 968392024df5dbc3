import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createQueue } from "../../src/queue.ts";
import { FakeClock, MemoryDatabase, seedOfRun } from "../../src/testing/index.ts";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { NOTE_TABLES } from "../sqlite/sqlite-test-database.ts";
import { SIMULATED_JOBS } from "./job-types.ts";
import { leaseCommands, type Model, type Real } from "./lease-commands.ts";
import { snapshotReaders } from "./snapshot.ts";

const RUNS = isFullSize ? 5_000 : 200;

let memory: MemoryDatabase;
let look: Pick<Real, "dump" | "read">;

beforeAll(async () => {
  memory = await MemoryDatabase.open({ migrations: [NOTE_TABLES] });
  const tables = memory.database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .pluck()
    .all();
  const queries = tables.map((table) => memory.database.prepare(`SELECT * FROM ${table}`).raw());
  look = { dump: () => queries.map((query) => query.all()), read: snapshotReaders(memory.database).read };
});
afterAll(() => memory.close());

describe("R10: the state machine under every lease there is", () => {
  it("lets only the current lease change a job, and only as the table of transitions says", async () => {
    const seed = seedOfRun("lease model");
    const details = await fc.check(
      fc.asyncProperty(leaseCommands, async (commands) => {
        const start = (): { model: Model; real: Real } => {
          memory.reset();
          const clock = new FakeClock();
          const queue = createQueue({ store: memory.openStore({ clock }), jobs: SIMULATED_JOBS, clock });
          return { model: { jobs: [], newestLease: 0 }, real: { memory, queue, clock, ...look } };
        };
        await fc.asyncModelRun(start, commands);
      }),
      { numRuns: RUNS, seed },
    );
    expect(fc.defaultReportMessage(details)).toBeUndefined();
    reportFigures({
      fault: "any order of verbs under any lease",
      size: `${RUNS} orders of up to 60 verbs`,
      seed,
      saw: { "changes without the current lease": 0 },
    });
  }, 600_000);
});
