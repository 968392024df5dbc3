import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FaultBed } from "./fault-bed.ts";

const LEASE_MS = 30_000;
const NEVER_ENDS = { rollsBack: false, times: Number.POSITIVE_INFINITY } as const;
const FAULTS = [
  { name: "locked database", code: "SQLITE_BUSY", error: "STORE_BUSY", spares: /^SELECT/, ...NEVER_ENDS },
  // A transaction that writes no row needs no room.
  {
    name: "full disk",
    code: "SQLITE_FULL",
    error: "STORE_UNAVAILABLE",
    spares: /^(SELECT|BEGIN|COMMIT)/,
    ...NEVER_ENDS,
  },
];

let bed: FaultBed;
let id: string;
beforeEach(async () => {
  bed = await FaultBed.open();
  ({ id } = await bed.queue.enqueue("mail", { n: 1 }));
  await bed.claim();
});
afterEach(() => bed.close());

const look = async (): Promise<number> => {
  bed.clock.advance(LEASE_MS / 3);
  return bed.store.rescue();
};

describe.each(FAULTS)("R13: a $name that lasts for many leases, in which no worker can beat", (fault) => {
  /** Looks at the workers for five leases in which no write goes through; reads do. */
  async function suffer(): Promise<void> {
    for (let looks = 0; looks < 15; looks += 1) {
      // A busy store waits on the fake clock, which somebody has to move.
      bed.plan.arm(fault, 1);
      const moving = setInterval(() => bed.clock.advance(100), 1);
      await look().catch((error: unknown) => expect(error).toMatchObject({ code: fault.error }));
      clearInterval(moving);
    }
    bed.plan.disarm();
  }

  it("costs a worker that lives none of its jobs, though the rescuer is the first to write again", async () => {
    await suffer();
    expect(await look()).toBe(0);
    await bed.store.beat({ id: "worker-1", leaseMs: LEASE_MS });
    for (let looks = 0; looks < 3; looks += 1) expect(await look()).toBe(0);
    expect(await bed.status(id)).toBe("processing");
  });

  it("keeps a worker that has died no longer than an interval from its rescue", async () => {
    await suffer();
    expect(await look()).toBe(0);
    expect(await look()).toBe(1);
    expect(await bed.status(id)).toBe("pending");
  });
});
