import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";

export function batchRules(rule: Rule): void {
  const request = { workerId: "worker-1", types: ["mail"], limit: 3, leaseMs: 30_000, lingerMs: 1_000 };
  const batch = { lines: ["mail"], size: 3, lingerMs: 1_000 };

  rule("R16: a batch is handed out when it is full", async (bed) => {
    await bed.add();
    await bed.add();
    expect(await bed.queue.claim(request)).toEqual([]);
    await bed.add({ delayMs: 10 });
    expect(await bed.queue.claim(request)).toEqual([]);
    bed.clock.advance(10);
    expect(await bed.queue.claim(request)).toHaveLength(3);
  });

  rule(
    "R16: a batch that is not full is handed out when its oldest job has waited long enough",
    async (bed) => {
      expect(await bed.store.untilGathered(batch)).toBeNull();
      await bed.add({ priority: 1 });
      bed.clock.advance(600);
      await bed.add({ priority: 9 });
      expect(await bed.store.untilGathered(batch)).toBe(400);
      bed.clock.advance(399);
      expect(await bed.queue.claim(request)).toEqual([]);
      bed.clock.advance(1);
      expect(await bed.store.untilGathered(batch)).toBe(0);
      expect(await bed.queue.claim(request)).toHaveLength(2);
    },
  );

  rule("R16: no batch of a paused type is waited for", async (bed) => {
    await bed.add();
    await bed.queue.pause("mail");
    expect(await bed.store.untilGathered({ ...batch, size: 1 })).toBeNull();
    expect(await bed.queue.claim({ ...request, limit: 1 })).toEqual([]);
  });

  rule("R16: a clock that was set back makes no batch wait longer than its linger", async (bed) => {
    await bed.add();
    bed.clock.setWall(bed.clock.now() - 3_600_000);
    expect(await bed.store.untilGathered(batch)).toBe(1_000);
  });
}
