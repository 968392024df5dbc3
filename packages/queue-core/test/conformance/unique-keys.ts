import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";

export function uniqueKeyRules(rule: Rule): void {
  rule("R7: a second job with the same key is the first one", async (bed) => {
    const first = await bed.queue.enqueue("mail", { n: 1 }, { uniqueKey: "order-1" });
    bed.clock.advance(10);
    const { deduplicated, ...job } = await bed.queue.enqueue("mail", { n: 2 }, { uniqueKey: "order-1" });
    expect(deduplicated).toBe(true);
    expect({ ...job, deduplicated: false }).toEqual(first);
    expect((await bed.store.stats()).queue.pending).toBe(1);
  });

  rule("R7: a key counts within its type", async (bed) => {
    await bed.add({ uniqueKey: "order-1" });
    expect(await bed.queue.enqueue("report", { n: 1 }, { uniqueKey: "order-1" })).toMatchObject({
      deduplicated: false,
    });
    expect(await bed.add({ uniqueKey: "order-2" })).toMatchObject({ deduplicated: false });
    expect((await bed.add()).deduplicated).toBe(false);
    expect((await bed.add()).deduplicated).toBe(false);
  });

  rule("R7: of racing callers with one key exactly one adds the job, and all get it", async (bed) => {
    const other = await bed.openProcess();
    const added = await Promise.all(
      Array.from({ length: 24 }, (_, n) =>
        (n % 2 ? bed : other).queue.enqueue("mail", { n }, { uniqueKey: `order-${n % 3}` }),
      ),
    );
    expect(added.filter((job) => !job.deduplicated)).toHaveLength(3);
    expect(new Set(added.map((job) => job.id)).size).toBe(3);
    expect((await bed.store.stats()).queue.pending).toBe(3);
  });

  rule("R7: within one call the first of a key is added", async (bed) => {
    const jobs = await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }], { uniqueKey: "order-1" });
    expect(jobs.map((job) => job.deduplicated)).toEqual([false, true]);
    expect(jobs[1]?.payload).toEqual({ n: 1 });
  });

  rule("R7: a job keeps its key while it runs, when it is done and when it is dead", async (bed) => {
    const { id } = await bed.queue.enqueue("fragile", { n: 1 }, { uniqueKey: "order-1" });
    const again = async (): Promise<void> => {
      const job = await bed.queue.enqueue("fragile", { n: 2 }, { uniqueKey: "order-1" });
      expect(job).toMatchObject({ id, deduplicated: true });
    };
    const claimed = await bed.claim();
    await again();
    await bed.queue.failJob(claimed, new Error("no luck"));
    await again();
    await bed.store.revive(await bed.deadIdOf(id));
    await again();
    await bed.queue.completeJob(await bed.claim());
    await again();
    expect(await bed.states(id)).toEqual(["completed"]);
  });

  rule("R7: a key that a rolled-back transaction took is free", async (bed) => {
    const failed = bed.store.transaction(async (tx) => {
      await bed.add({ tx, uniqueKey: "order-1" });
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    expect(await bed.add({ uniqueKey: "order-1" })).toMatchObject({ deduplicated: false });
  });

  rule("R7: a key taken earlier in a transaction counts in it", async (bed) => {
    const [first, second] = await bed.store.transaction(async (tx) => [
      await bed.add({ tx, uniqueKey: "order-1" }),
      await bed.add({ tx, uniqueKey: "order-1" }),
    ]);
    expect(second).toMatchObject({ id: first?.id, deduplicated: true });
  });

  rule("R7: an idle key does not point at the wrong job after the newest was erased", async (bed) => {
    const { deadId } = await bed.addDead({ uniqueKey: "order-1" });
    const audit = { actor: "ann", action: "discard", subject: deadId, detail: null };
    await bed.store.discard(deadId, audit);
    await bed.store.erase(deadId, audit);
    const keyed = await bed.add({ uniqueKey: "order-2" });
    await bed.add();
    expect(await bed.add({ uniqueKey: "order-2" })).toMatchObject({ id: keyed.id, deduplicated: true });
  });
}
