import { sql } from "kysely";
import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";

export function stepRules(rule: Rule): void {
  rule("R7: a checkpoint outlives the attempt that made it", async (bed) => {
    const { id } = await bed.add();
    const first = await bed.claim();
    expect(await bed.store.readStep(first, "charge")).toBeUndefined();
    expect(await bed.store.recordStep(first, "charge", '{"receipt":7}')).toBe(true);
    await bed.queue.failJob(first, new Error("no luck"));
    bed.clock.advance(30_000);
    const second = await bed.claim();
    expect(second.id).toBe(id);
    expect(await bed.store.readStep(second, "charge")).toBe('{"receipt":7}');
    expect(await bed.store.readStep(second, "mail")).toBeUndefined();
  });

  rule("R7: a checkpoint that is there stays as it is", async (bed) => {
    await bed.add();
    const claimed = await bed.claim();
    await bed.store.recordStep(claimed, "charge", "1");
    expect(await bed.store.recordStep(claimed, "charge", "2")).toBe(true);
    expect(await bed.store.readStep(claimed, "charge")).toBe("1");
  });

  rule("R7: a step that gave nothing was done all the same", async (bed) => {
    await bed.add();
    const claimed = await bed.claim();
    await bed.store.recordStep(claimed, "charge", "null");
    expect(await bed.store.readStep(claimed, "charge")).toBe("null");
  });

  rule("R7: checkpoints belong to one job", async (bed) => {
    await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
    const [first, second] = [await bed.claim(), await bed.claim()];
    await bed.store.recordStep(first, "charge", "1");
    expect(await bed.store.readStep(second, "charge")).toBeUndefined();
  });

  rule(
    "R7: a plain retry of a dead letter keeps its checkpoints, an edited payload starts anew",
    async (bed) => {
      const { id } = await bed.queue.enqueue("fragile", { n: 1 });
      const first = await bed.claim();
      await bed.store.recordStep(first, "charge", "1");
      await bed.queue.failJob(first, new Error("no luck"));
      await bed.store.revive(await bed.deadIdOf(id));
      const plain = await bed.claim();
      expect(await bed.store.readStep(plain, "charge")).toBe("1");
      await bed.queue.failJob(plain, new Error("no luck"));
      const deadId = await bed.deadIdOf(id);
      await bed.store.editDeadLetter(deadId, {
        stored: { payload: '{"n":2}', payloadVersion: 1, keyId: null },
      });
      await bed.store.revive(deadId);
      expect(await bed.store.readStep(await bed.claim(), "charge")).toBeUndefined();
    },
  );

  rule("R7: processed_jobs tells which step of which job was done, and when", async (bed) => {
    const { id } = await bed.add();
    await bed.store.recordStep(await bed.claim(), "charge", '"ok"');
    const { rows } = await sql`SELECT job_id, step, result, processed_at FROM processed_jobs`.execute(
      bed.store.read,
    );
    expect(rows).toEqual([{ job_id: id, step: "charge", result: '"ok"', processed_at: bed.clock.now() }]);
  });
}
