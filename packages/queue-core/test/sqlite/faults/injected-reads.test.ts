import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FaultBed } from "./fault-bed.ts";

const BUSY = { name: "a locked database", code: "SQLITE_BUSY_RECOVERY", rollsBack: false } as const;

let bed: FaultBed;
let id: string;
beforeEach(async () => {
  bed = await FaultBed.open();
  ({ id } = await bed.queue.enqueue("mail", { n: 1 }));
});
afterEach(() => bed.close());

describe("a read that meets a locked database, as while another process restores it after a crash", () => {
  it("is made again until it goes through: the store's own, and the application's", async () => {
    bed.plan.arm({ ...BUSY, times: 5 }, 1);
    expect(await bed.store.getJob(id)).toMatchObject({ id, status: "pending" });
    expect(bed.plan.fired).toBe(5);
    bed.plan.arm({ ...BUSY, times: 5 }, 1);
    expect(await bed.noteExists(1)).toBe(false);
    expect(bed.plan.fired).toBe(5);
  });

  it("is refused as busy at the deadline", async () => {
    bed.plan.arm({ ...BUSY, times: Number.POSITIVE_INFINITY }, 1);
    const moving = setInterval(() => bed.clock.advance(100), 1);
    await expect(bed.store.getJob(id)).rejects.toMatchObject({ code: "STORE_BUSY" });
    clearInterval(moving);
  });
});
