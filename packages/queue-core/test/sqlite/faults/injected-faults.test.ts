import { afterEach, describe, expect, it } from "vitest";
import { describeError } from "../../../src/error-text.ts";
import { StoreBusyError, StoreUnavailableError } from "../../../src/errors.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { FaultBed } from "./fault-bed.ts";
import type { FaultKind } from "./fault-plan.ts";
import { OPERATIONS, type PreparedCall } from "./injected-operations.ts";

const ONCE = { times: 1, rollsBack: false } as const;
const KINDS: readonly FaultKind[] = [
  { name: "a locked database", code: "SQLITE_BUSY", ...ONCE },
  { name: "a full disk, rolled back by SQLite", code: "SQLITE_FULL", ...ONCE, rollsBack: true },
  { name: "an I/O error that the rollback repeats", code: "SQLITE_IOERR_WRITE", ...ONCE, times: 2 },
];
/** The same errors as SQLite may report them too; in full size only. */
const MORE_KINDS: readonly FaultKind[] = [
  { name: "a full disk", code: "SQLITE_FULL", ...ONCE },
  { name: "an I/O error", code: "SQLITE_IOERR_WRITE", ...ONCE },
  { name: "an I/O error, rolled back by SQLite", code: "SQLITE_IOERR_FSYNC", ...ONCE, rollsBack: true },
  { name: "a volume that is read-only", code: "SQLITE_READONLY", ...ONCE },
];

const LEASE_MS = 30_000;
const DAY_MS = 24 * 60 * 60_000;

let bed: FaultBed;
afterEach(() => bed.close());

interface Count {
  faults: number;
  refused: number;
  absorbed: number;
}

/** Makes the call with the fault at its N-th statement, for every N until none fires; judges the store after each. */
async function strikeEach(name: string, kind: FaultKind, count: Count): Promise<void> {
  const prepare = OPERATIONS[name];
  if (!prepare) throw new Error(`There is no operation ${name}`);
  let call = await prepare(bed);
  for (let nth = 1; ; nth += 1) {
    const wasRefused = await strike(`${name}, statement ${nth}`, kind, nth, call, count);
    if (bed.plan.fired === 0) return;
    // What went through in spite of the fault has nothing left to do.
    if (!wasRefused) call = await prepare(bed);
  }
}

async function strike(
  where: string,
  kind: FaultKind,
  nth: number,
  { act, isDone, isStepwise }: PreparedCall,
  count: Count,
): Promise<boolean> {
  const before = bed.dump();
  bed.plan.arm(kind, nth);
  const error = await act().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  bed.plan.disarm();
  if (bed.plan.fired > 0) count.faults += 1;
  expect(bed.faults(), where).toEqual([]);
  if (error === null) {
    if (bed.plan.fired > 0) count.absorbed += 1;
    if (isDone) expect(await isDone(), `${where}: acknowledged, so it is there`).toBe(true);
    return false;
  }
  count.refused += 1;
  expect(bed.plan.fired, `${where}: ${describeError(error)}`).toBeGreaterThan(0);
  const expected = kind.code === "SQLITE_BUSY" ? StoreBusyError : StoreUnavailableError;
  expect(error, `${where}: said in the queue's own terms`).toBeInstanceOf(expected);
  if (!isStepwise) expect(bed.dump(), `${where}: refused, so nothing of it is there`).toEqual(before);
  return true;
}

/** Takes all there is, and what that leads to, through the very store that was struck. */
async function drain(): Promise<void> {
  // What was left claimed is handed back as at its worker's end.
  for (let look = 0; look < 5; look += 1) {
    await bed.store.rescue();
    bed.clock.advance(LEASE_MS / 3);
  }
  bed.clock.advance(DAY_MS);
  for (;;) {
    const claimed = await bed.queue.dequeueBatch("worker-3", 100);
    if (claimed.length === 0) break;
    for (const job of claimed) await bed.queue.completeJob(job);
  }
  const { queue } = await bed.queue.stats();
  expect(queue.pending + queue.processing + queue.scheduled + queue.waiting).toBe(0);
  expect(bed.faults()).toEqual([]);
}

describe("a fault at the N-th statement, for every N until none fires", () => {
  it.each(isFullSize ? [...KINDS, ...MORE_KINDS] : KINDS)(
    "$name: refused wholly or done wholly, and all drains afterwards",
    async (kind) => {
      const count: Count = { faults: 0, refused: 0, absorbed: 0 };
      const names = Object.keys(OPERATIONS);
      for (const name of names) {
        bed = await FaultBed.open();
        await strikeEach(name, kind, count);
        await drain();
        await bed.close();
      }
      expect(count.faults).toBeGreaterThan(names.length);
      reportFigures({
        fault: `${kind.name} at the N-th statement, every N`,
        size: `${names.length} calls, ${count.faults} faults`,
        saw: {
          "refused, nothing written": count.refused,
          "done all the same": count.absorbed,
          "half done": 0,
        },
      });
    },
  );
});
