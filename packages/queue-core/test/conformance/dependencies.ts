import { expect } from "vitest";
import type { Dependency } from "../../src/store.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const DISCARD = { actor: "ann", action: "discard", subject: "a dead letter", detail: null };

/** Adds a job of type `report` that depends on others; returns its id. */
async function addChild(bed: TestBed, ...dependsOn: readonly (string | Dependency)[]): Promise<string> {
  return (await bed.queue.enqueue("report", { n: 1 }, { dependsOn })).id;
}

/** Adds a job of type `fragile`, which dies of its first failure; returns its id. */
async function addParent(bed: TestBed): Promise<string> {
  return (await bed.queue.enqueue("fragile", { n: 1 })).id;
}

/** Ends the oldest pending `fragile` job. */
async function endParent(bed: TestBed, how: "complete" | "die"): Promise<void> {
  const claimed = await bed.claim("worker-1", { types: ["fragile"] });
  await (how === "complete"
    ? bed.queue.completeJob(claimed)
    : bed.queue.failJob(claimed, new Error("no luck")));
}

const continueAfter = (jobId: string): Dependency => ({ jobId, whenDead: "continue" });

export function dependencyRules(rule: Rule): void {
  rule("R15: a child waits for its parent, and runs when it has completed", async (bed) => {
    const parent = await addParent(bed);
    const child = await addChild(bed, parent);
    expect(await bed.store.getJob(child)).toMatchObject({ status: "waiting", attempts: 0 });
    expect(await bed.queue.dequeue("worker-1", { types: ["report"] })).toBeNull();
    await endParent(bed, "complete");
    expect((await bed.claim()).id).toBe(child);
  });

  rule("R15: a child waits for all its parents", async (bed) => {
    const parents = [await addParent(bed), await addParent(bed), await addParent(bed)];
    const child = await addChild(bed, ...parents);
    await endParent(bed, "complete");
    await endParent(bed, "complete");
    expect(await bed.states(child)).toEqual(["waiting"]);
    await endParent(bed, "complete");
    expect(await bed.states(child)).toEqual(["pending"]);
  });

  rule("R15: parents that finish together release their child once", async (bed) => {
    const parents = [await addParent(bed), await addParent(bed)];
    const child = await addChild(bed, ...parents);
    const claimed = await bed.queue.dequeueBatch("worker-1", 2, { types: ["fragile"] });
    await Promise.all(claimed.map((job) => bed.queue.completeJob(job)));
    expect((await bed.claim()).id).toBe(child);
    expect(await bed.queue.dequeue("worker-1")).toBeNull();
  });

  rule("R15: parents that finish at once in two processes release their child once", async (bed) => {
    const other = await bed.openProcess();
    const children: string[] = [];
    for (let i = 0; i < 10; i += 1)
      children.push(await addChild(bed, await addParent(bed), await addParent(bed)));
    const claimed = await bed.queue.dequeueBatch("worker-1", 20, { types: ["fragile"] });
    await Promise.all(claimed.map((job, i) => (i % 2 ? bed : other).queue.completeJob(job)));
    expect(new Set(await bed.states(...children))).toEqual(new Set(["pending"]));
  });

  rule("R15: a parent named twice counts once", async (bed) => {
    const parent = await addParent(bed);
    const child = await addChild(bed, parent, parent);
    await endParent(bed, "complete");
    expect(await bed.states(child)).toEqual(["pending"]);
  });

  rule("R15: a child that is not due when its last parent completes waits for its time", async (bed) => {
    const parent = await addParent(bed);
    const { id } = await bed.queue.enqueueDelayed("report", { n: 1 }, 60_000, { dependsOn: [parent] });
    await endParent(bed, "complete");
    expect(await bed.states(id)).toEqual(["scheduled"]);
    bed.clock.advance(60_000);
    expect((await bed.claim()).id).toBe(id);
  });

  rule("R15: a released child runs at once, also after the clock was set back", async (bed) => {
    const child = await addChild(bed, await addParent(bed));
    bed.clock.setWall(bed.clock.now() - 3_600_000);
    await endParent(bed, "complete");
    expect(await bed.states(child)).toEqual(["pending"]);
  });

  rule("R15: a parent that has completed already is no hindrance", async (bed) => {
    const parent = await addParent(bed);
    await endParent(bed, "complete");
    expect(await bed.states(await addChild(bed, parent))).toEqual(["pending"]);
  });

  rule("R15: an unknown parent is refused and nothing is stored", async (bed) => {
    const { deadId, jobId: discarded } = await bed.addDead();
    await bed.store.discard(deadId, DISCARD);
    const known = await addParent(bed);
    const before = await bed.database.dump();
    for (const parent of ["nobody", discarded, known.replace(/^./, "f")]) {
      const refused = bed.add({ dependsOn: [known, parent], uniqueKey: "once" });
      await expect(refused).rejects.toMatchObject({ code: "JOB_DEPENDENCY_INVALID" });
    }
    expect(await bed.database.dump()).toEqual(before);
  });

  rule("R15: an unknown parent leaves nothing behind in a transaction that goes on", async (bed) => {
    await bed.store.transaction(async (tx) => {
      const refused = bed.add({ tx, dependsOn: ["nobody"], uniqueKey: "once" });
      await expect(refused).rejects.toMatchObject({ code: "JOB_DEPENDENCY_INVALID" });
      const many = bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }], { tx, dependsOn: ["nobody"] });
      await expect(many).rejects.toMatchObject({ code: "JOB_DEPENDENCY_INVALID" });
    });
    expect((await bed.store.listJobs({ limit: 10 })).items).toEqual([]);
    expect(await bed.add({ uniqueKey: "once" })).toMatchObject({ deduplicated: false });
  });

  rule(
    "R15: a job that is there already is found by its key, whatever became of its parents",
    async (bed) => {
      const { jobId, deadId } = await bed.addDead();
      const dependsOn = [continueAfter(jobId)];
      const { id } = await bed.add({ uniqueKey: "once", dependsOn });
      await bed.store.discard(deadId, DISCARD);
      expect(await bed.add({ uniqueKey: "once", dependsOn })).toMatchObject({ id, deduplicated: true });
    },
  );

  rule("R15: when a parent dies its child is cancelled, and so on down the tree", async (bed) => {
    const child = await addChild(bed, await addParent(bed));
    const grandchild = await addChild(bed, child);
    await endParent(bed, "die");
    expect(await bed.states(child, grandchild)).toEqual(["cancelled", "cancelled"]);
  });

  rule("R15: when a parent dies its child runs anyway, if it says so", async (bed) => {
    const parent = await addParent(bed);
    const child = await addChild(bed, continueAfter(parent));
    const both = await addChild(bed, continueAfter(parent), await addParent(bed));
    await endParent(bed, "die");
    expect(await bed.states(child, both)).toEqual(["pending", "waiting"]);
    await endParent(bed, "complete");
    expect(await bed.states(both)).toEqual(["pending"]);
  });

  rule("R15: a cancelled parent is as good as dead to its children", async (bed) => {
    const parent = await addParent(bed);
    const children = [await addChild(bed, parent), await addChild(bed, continueAfter(parent))];
    await bed.store.cancel(parent);
    expect(await bed.states(...children)).toEqual(["cancelled", "pending"]);
  });

  rule("R15: a parent that was cancelled while it ran is as good as dead to its children", async (bed) => {
    const parent = await addParent(bed);
    const children = [await addChild(bed, parent), await addChild(bed, continueAfter(parent))];
    const claimed = await bed.claim();
    await bed.store.cancel(parent);
    expect(await bed.states(...children)).toEqual(["waiting", "waiting"]);
    await bed.finish(claimed, { verb: "handBack" });
    expect(await bed.states(parent, ...children)).toEqual(["cancelled", "cancelled", "pending"]);
  });

  rule("R15: a parent that is dead already cancels a new child, or lets it run", async (bed) => {
    const { jobId } = await bed.addDead();
    expect(await bed.states(await addChild(bed, jobId))).toEqual(["cancelled"]);
    expect(await bed.states(await addChild(bed, continueAfter(jobId)))).toEqual(["pending"]);
  });

  rule("R15: a retry of the parent brings back what its death had cancelled", async (bed) => {
    const parent = await addParent(bed);
    const child = await addChild(bed, parent);
    const grandchild = await addChild(bed, child);
    await endParent(bed, "die");
    const late = await addChild(bed, parent);
    await bed.store.revive(await bed.deadIdOf(parent));
    expect(await bed.states(parent, child, grandchild, late)).toEqual([
      "pending",
      "waiting",
      "waiting",
      "waiting",
    ]);
    await endParent(bed, "complete");
    expect(await bed.states(child, grandchild, late)).toEqual(["pending", "waiting", "pending"]);
  });

  rule("R15: a retry of the parent does not bring back what somebody cancelled by hand", async (bed) => {
    const parent = await addParent(bed);
    const [child, byHand] = [await addChild(bed, parent), await addChild(bed, parent)];
    const grandchild = await addChild(bed, byHand);
    await bed.store.cancel(byHand);
    await endParent(bed, "die");
    await bed.store.revive(await bed.deadIdOf(parent));
    expect(await bed.states(child, byHand, grandchild)).toEqual(["waiting", "cancelled", "cancelled"]);
    await endParent(bed, "complete");
    expect(await bed.states(child, byHand, grandchild)).toEqual(["pending", "cancelled", "cancelled"]);
  });

  for (const order of ["the order of their deaths", "the other order"]) {
    rule(`R15: a child of two dead parents comes back when both are retried, in ${order}`, async (bed) => {
      const parents = [await addParent(bed), await addParent(bed)];
      const child = await addChild(bed, ...parents);
      const grandchild = await addChild(bed, child);
      await endParent(bed, "die");
      await endParent(bed, "die");
      for (const parent of order === "the other order" ? parents.toReversed() : parents) {
        expect(await bed.states(child, grandchild)).toEqual(["cancelled", "cancelled"]);
        await bed.store.revive(await bed.deadIdOf(parent));
      }
      expect(await bed.states(child, grandchild)).toEqual(["waiting", "waiting"]);
      await endParent(bed, "complete");
      await endParent(bed, "complete");
      expect(await bed.states(child, grandchild)).toEqual(["pending", "waiting"]);
    });
  }

  rule("R15: a parent that completed meanwhile is not waited for again", async (bed) => {
    const [mortal, other] = [await addParent(bed), await bed.add()];
    const child = await addChild(bed, mortal, other.id);
    await endParent(bed, "die");
    await bed.queue.completeJob(await bed.claim("worker-1", { types: ["mail"] }));
    await bed.store.revive(await bed.deadIdOf(mortal));
    expect(await bed.states(child)).toEqual(["waiting"]);
    await endParent(bed, "complete");
    expect(await bed.states(child)).toEqual(["pending"]);
  });

  rule(
    "R15: a child whose dead parent was discarded never runs, whatever its other parents do",
    async (bed) => {
      for (const discardFirst of [true, false]) {
        const parents = [await addParent(bed), await addParent(bed)];
        const child = await addChild(bed, ...parents);
        await endParent(bed, "die");
        await endParent(bed, "die");
        const [discarded, revived] = discardFirst ? parents : parents.toReversed();
        await bed.store.discard(await bed.deadIdOf(discarded ?? ""), DISCARD);
        await bed.store.revive(await bed.deadIdOf(revived ?? ""));
        await endParent(bed, "complete");
        expect(await bed.states(child)).toEqual(["cancelled"]);
      }
    },
  );

  rule("R15: a child that went on after its parent's death is not released again by a retry", async (bed) => {
    const parent = await addParent(bed);
    const child = await addChild(bed, continueAfter(parent));
    const waiting = await addChild(bed, continueAfter(parent), child);
    await endParent(bed, "die");
    await bed.store.revive(await bed.deadIdOf(parent));
    await endParent(bed, "complete");
    expect(await bed.states(child, waiting)).toEqual(["pending", "waiting"]);
    expect((await bed.store.stats()).queue.pending).toBe(1);
  });
}
