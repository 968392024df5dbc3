import { statSync } from "node:fs";
import { expect, it } from "vitest";
import { RecordingStore } from "./recording-store.ts";

const LEASE_MS = 30_000;

it("R13: a rescuer proves that it can write by a write that needs room, as a beat does", async () => {
  const bed = await RecordingStore.open();
  const logBytes = (): number => statSync(`${bed.normal.database.name}-wal`).size;
  await bed.queue.enqueue("mail", { n: 1 });
  await bed.queue.dequeue("worker-1", { leaseMs: LEASE_MS });
  const before = logBytes();
  const grown: boolean[] = [];
  for (let looks = 0; looks < 3; looks += 1) {
    expect(await bed.store.rescue()).toBe(0);
    grown.push(logBytes() > before);
    bed.clock.advance(LEASE_MS / 3);
  }
  // From the second beat that it misses on a worker is overdue.
  expect(grown).toEqual([false, false, true]);
  expect(await bed.store.rescue()).toBe(1);
  await bed.close();
});
