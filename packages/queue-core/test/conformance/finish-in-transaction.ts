import { expect } from "vitest";
import type { Transaction } from "../../src/store.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestClaim } from "./test-bed.ts";
import type { AppTables } from "./test-database.ts";

const addNote = (tx: Transaction<AppTables>): Promise<unknown> =>
  tx.sql.insertInto("note").values({ id: 1, text: "paid" }).execute();

async function notes(bed: TestBed): Promise<number> {
  return (await bed.store.read.selectFrom("note").selectAll().execute()).length;
}

/** A job whose lease has gone to a second worker: the claim of the first. */
async function staleClaim(bed: TestBed): Promise<TestClaim> {
  await bed.add();
  const stale = await bed.claim("worker-1");
  await bed.finish(stale, { verb: "handBack" });
  await bed.claim("worker-2");
  return stale;
}

export function finishInTransactionRules(rule: Rule): void {
  rule("R7: a completion and the application's rows commit together", async (bed) => {
    const { id } = await bed.add();
    const child = await bed.add({ dependsOn: [id] });
    const claimed = await bed.claim();
    const other = await bed.openProcess();
    await bed.store.transaction(async (tx) => {
      await addNote(tx);
      await bed.queue.completeJob(claimed, { paid: true }, { tx });
      expect(await other.store.getJob(id)).toMatchObject({ status: "processing" });
    });
    expect(await bed.store.getJob(id)).toMatchObject({ status: "completed", result: { paid: true } });
    expect(await bed.states(child.id)).toEqual(["pending"]);
    expect(await notes(bed)).toBe(1);
  });

  rule("R7: a failure commits with the application's rows, with what its hook asks for", async (bed) => {
    const { id } = await bed.queue.enqueue("mourned", { n: 1 });
    const claimed = await bed.claim();
    await bed.store.transaction(async (tx) => {
      await addNote(tx);
      await bed.queue.failJob(claimed, new Error("no luck"), { tx });
    });
    expect(await bed.states(id)).toEqual(["failed"]);
    expect(await bed.claim()).toMatchObject({ type: "mail", payload: { n: 1 } });
    expect(await notes(bed)).toBe(1);
  });

  const ends: Readonly<
    Record<string, (bed: TestBed, claimed: TestClaim, tx: Transaction<AppTables>) => Promise<void>>
  > = {
    completion: (bed, claimed, tx) => bed.queue.completeJob(claimed, "late", { tx }),
    failure: (bed, claimed, tx) => bed.queue.failJob(claimed, new Error("late"), { tx }),
  };
  for (const [what, end] of Object.entries(ends)) {
    rule(`R10: a ${what} under a lost lease takes the whole transaction back`, async (bed) => {
      const stale = await staleClaim(bed);
      const before = await bed.database.dump();
      const refused = bed.store.transaction(async (tx) => {
        await addNote(tx);
        await bed.add({ tx });
        await end(bed, stale, tx);
      });
      await expect(refused).rejects.toMatchObject({ code: "LEASE_LOST", jobId: stale.id });
      expect(await bed.database.dump()).toEqual(before);
    });

    rule(`R7: a ${what} is gone with its transaction, counters too, and the job still runs`, async (bed) => {
      await bed.add();
      const claimed = await bed.claim();
      const before = await bed.database.dump();
      const failed = bed.store.transaction(async (tx) => {
        await end(bed, claimed, tx);
        throw new Error("changed my mind");
      });
      await expect(failed).rejects.toThrow("changed my mind");
      expect(await bed.database.dump()).toEqual(before);
      // What the rolled-back transaction had counted must not slip into the next one.
      await bed.queue.completeJob(claimed);
      const { queue, byType } = await bed.store.stats();
      expect(queue).toMatchObject({ completedLastHour: 1, failureRate: 0 });
      expect(byType).toEqual([{ type: "mail", status: "completed", count: 1 }]);
    });
  }

  rule(
    "R7: of transactions that share a commit one takes back what it counted, and no other",
    async (bed) => {
      for (let n = 0; n < 10; n += 1) await bed.add();
      const claimed = [];
      for (let n = 0; n < 10; n += 1) claimed.push(await bed.claim());
      const outcomes = await Promise.allSettled(
        claimed.map((job, n) =>
          bed.store.transaction(async (tx) => {
            await bed.queue.completeJob(job, n, { tx });
            if (n === 4) throw new Error("changed my mind");
          }),
        ),
      );
      expect(outcomes.flatMap(({ status }, n) => (status === "rejected" ? [n] : []))).toEqual([4]);
      const { queue, byType } = await bed.store.stats();
      expect(queue).toMatchObject({ completedLastHour: 9, processing: 1 });
      expect(byType).toContainEqual({ type: "mail", status: "completed", count: 9 });
    },
  );

  rule("R10: a run ends once, inside the transaction or outside", async (bed) => {
    await bed.add();
    const claimed = await bed.claim();
    await bed.store.transaction((tx) => bed.queue.completeJob(claimed, 1, { tx }));
    await expect(bed.queue.completeJob(claimed, 2)).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect((await bed.store.getJob(claimed.id))?.result).toBe(1);
  });

  rule("R7: without tx inside a callback it is refused, and says what to pass", async (bed) => {
    await bed.add();
    const claimed = await bed.claim();
    const refused = bed.store.transaction(() => bed.queue.completeJob(claimed));
    await expect(refused).rejects.toMatchObject({
      code: "TRANSACTION_MISSING",
      message: expect.stringContaining("completeJob"),
    });
    expect(await bed.states(claimed.id)).toEqual(["processing"]);
  });

  rule("R7: it is refused alone, also while others end their runs outside", async (bed) => {
    for (let n = 0; n < 2; n += 1) await bed.add();
    const [inside, outside] = [await bed.claim(), await bed.claim()];
    const entered = Promise.withResolvers<void>();
    const refused = bed.store.transaction(() => {
      entered.resolve();
      return bed.queue.completeJob(inside);
    });
    const completed = entered.promise.then(() => bed.queue.completeJob(outside));
    await expect(refused).rejects.toMatchObject({ code: "TRANSACTION_MISSING" });
    await completed;
    expect(await bed.states(inside.id, outside.id)).toEqual(["processing", "completed"]);
  });

  rule("R7: the transaction of another store is refused", async (bed) => {
    const other = await bed.openProcess();
    await bed.add();
    const claimed = await bed.claim();
    const refused = other.store.transaction((tx) => bed.queue.completeJob(claimed, 1, { tx }));
    await expect(refused).rejects.toThrow(TypeError);
    expect(await bed.states(claimed.id)).toEqual(["processing"]);
  });
}
