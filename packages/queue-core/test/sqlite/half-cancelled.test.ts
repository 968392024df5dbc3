import { expect, it } from "vitest";
import { createQueue, type Queue } from "../../src/index.ts";
import { RunCounts } from "../../src/sqlite/run-counts.ts";
import { beginCancelling } from "../../src/sqlite/workflows.ts";
import { FakeClock, MemoryDatabase } from "../../src/testing/index.ts";
import { JOB_TYPES } from "../conformance/job-types.ts";

interface Bed {
  readonly memory: MemoryDatabase;
  readonly queue: Queue<typeof JOB_TYPES>;
  readonly workflowId: string;
}

/** A workflow of 601 jobs as the process left it that committed the first of its transactions, and no other. */
async function openHalfCancelled(clock: FakeClock): Promise<Bed> {
  const memory = await MemoryDatabase.open();
  const queue = createQueue({ store: memory.openStore({ clock }), jobs: JOB_TYPES, clock });
  const workflowId = await queue.startWorkflow("mail", { n: 0 });
  const payloads = Array.from({ length: 600 }, (_, n) => ({ n }));
  await queue.enqueueMany("mail", payloads, { workflowId });
  const connection = memory.connect();
  const counts = new RunCounts();
  connection.run("BEGIN IMMEDIATE");
  expect(beginCancelling(connection, counts, workflowId, clock.now())).not.toBeNull();
  counts.flush(connection);
  connection.run("COMMIT");
  expect(await queue.workflow(workflowId)).toMatchObject({ byStatus: { cancelled: 100, pending: 501 } });
  return { memory, queue, workflowId };
}

it("R14: a workflow that a process died cancelling is cancelled to its end by the next who rescues", async () => {
  const { memory, queue, workflowId } = await openHalfCancelled(new FakeClock());
  expect(await queue.store.rescue()).toBe(0);
  expect(await queue.workflow(workflowId)).toMatchObject({
    status: "cancelled",
    byStatus: { cancelled: 601 },
  });
  expect(await queue.dequeue("worker-1")).toBeNull();
  memory.close();
});

/** Each look at it takes so long. */
class SlowClock extends FakeClock {
  override monotonic(): number {
    this.advance(30);
    return super.monotonic();
  }
}

it("R14: who rescues does not wait until a large one is cancelled, and is free to claim", async () => {
  const { memory, queue, workflowId } = await openHalfCancelled(new SlowClock());
  const { store } = queue;
  await store.rescue();
  expect(await queue.workflow(workflowId)).toMatchObject({ byStatus: { pending: expect.any(Number) } });
  await expect
    .poll(() => queue.workflow(workflowId))
    .toMatchObject({ status: "cancelled", byStatus: { cancelled: 601 } });
  await store.close();
  memory.close();
});

it("R14: a store that closes goes on with none of it, and leaves the rest to others", async () => {
  const { memory, queue, workflowId } = await openHalfCancelled(new SlowClock());
  await queue.store.rescue();
  await queue.store.close();
  const other = createQueue({ store: memory.openStore(), jobs: JOB_TYPES });
  expect(await other.workflow(workflowId)).toMatchObject({ byStatus: { pending: expect.any(Number) } });
  await other.store.rescue();
  // On a busy machine it is not over within the round, and goes on behind its back.
  await expect.poll(() => other.workflow(workflowId)).toMatchObject({ byStatus: { cancelled: 601 } });
  await other.store.close();
  memory.close();
});
