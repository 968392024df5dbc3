import { expect, it } from "vitest";
import { createQueue } from "../../src/index.ts";
import { RunCounts } from "../../src/sqlite/run-counts.ts";
import { beginCancelling } from "../../src/sqlite/workflows.ts";
import { FakeClock, MemoryDatabase } from "../../src/testing/index.ts";
import { JOB_TYPES } from "../conformance/job-types.ts";

it("R14: a workflow that a process died cancelling is cancelled to its end by the next who rescues", async () => {
  const memory = await MemoryDatabase.open();
  const clock = new FakeClock();
  const queue = createQueue({ store: memory.openStore({ clock }), jobs: JOB_TYPES, clock });
  const workflowId = await queue.startWorkflow("mail", { n: 0 });
  const payloads = Array.from({ length: 250 }, (_, n) => ({ n }));
  await queue.enqueueMany("mail", payloads, { workflowId });
  // As the process left it that committed the first of its transactions, and no other.
  const connection = memory.connect();
  const counts = new RunCounts();
  connection.run("BEGIN IMMEDIATE");
  expect(beginCancelling(connection, counts, workflowId, clock.now())).not.toBeNull();
  counts.flush(connection);
  connection.run("COMMIT");
  expect(await queue.workflow(workflowId)).toMatchObject({ byStatus: { cancelled: 100, pending: 151 } });

  expect(await queue.store.rescue()).toBe(0);
  expect(await queue.workflow(workflowId)).toMatchObject({
    status: "cancelled",
    byStatus: { cancelled: 251 },
  });
  expect(await queue.dequeue("worker-1")).toBeNull();
  memory.close();
});
