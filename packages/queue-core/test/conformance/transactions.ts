import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Transaction } from "../../src/store.ts";
import { newJob } from "./new-jobs.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";
import type { AppTables } from "./test-database.ts";

/** What both halves of a test's transaction left: texts of the notes, and how many jobs. */
async function traces(bed: TestBed): Promise<{ readonly notes: readonly string[]; readonly jobs: number }> {
  const notes = await bed.store.read.selectFrom("note").select("text").orderBy("id").execute();
  return {
    notes: notes.map(({ text }) => text),
    jobs: (await bed.store.listJobs({ limit: 100 })).items.length,
  };
}

const addNote = (tx: Transaction<AppTables>, id: number): Promise<unknown> =>
  tx.sql
    .insertInto("note")
    .values({ id, text: `note ${id}` })
    .execute();

export function transactionRules(rule: Rule): void {
  rule("R2: a job and the application's own rows commit together", async (bed) => {
    const other = await bed.openProcess();
    const added = await bed.store.transaction(async (tx) => {
      await addNote(tx, 1);
      const job = await bed.add({ tx });
      expect(await other.store.getJob(job.id)).toBeNull();
      expect(await tx.sql.selectFrom("note").selectAll().execute()).toHaveLength(1);
      return job;
    });
    expect(await other.store.getJob(added.id)).toMatchObject({ id: added.id, status: "pending" });
    expect(await traces(bed)).toEqual({ notes: ["note 1"], jobs: 1 });
  });

  rule(
    "R2: when the callback throws, neither the job nor the rows are there, and the error arrives as it is",
    async (bed) => {
      const before = await bed.database.dump();
      const thrown = new Error("changed my mind");
      const failed = bed.store.transaction(async (tx) => {
        await addNote(tx, 1);
        await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }], { tx });
        throw thrown;
      });
      await expect(failed).rejects.toBe(thrown);
      expect(await bed.database.dump()).toEqual(before);
    },
  );

  rule("R2: a statement that fails takes the job back with it", async (bed) => {
    await bed.store.transaction((tx) => addNote(tx, 1));
    const failed = bed.store.transaction(async (tx) => {
      await bed.add({ tx });
      await addNote(tx, 1);
    });
    await expect(failed).rejects.toThrow(/UNIQUE|unique/);
    expect(await traces(bed)).toEqual({ notes: ["note 1"], jobs: 0 });
  });

  rule("R4: a refused payload inside a transaction adds nothing, and the rest may commit", async (bed) => {
    await bed.store.transaction(async (tx) => {
      await addNote(tx, 1);
      const refused = bed.queue.enqueue("mail", { n: Number.NaN }, { tx });
      await expect(refused).rejects.toMatchObject({ code: "PAYLOAD_INVALID" });
    });
    expect(await traces(bed)).toEqual({ notes: ["note 1"], jobs: 0 });
  });

  rule(
    "R2: a callback that waits for anything but the database is rolled back, with an error that says so",
    async (bed) => {
      const resumed = Promise.withResolvers<unknown>();
      const stalled = bed.store.transaction(async (tx) => {
        await addNote(tx, 1);
        await sleep(1);
        // It goes on against a closed transaction.
        addNote(tx, 2).catch(resumed.resolve);
      });
      await expect(stalled).rejects.toMatchObject({ code: "TRANSACTION_STALLED" });
      expect(await resumed.promise).toMatchObject({ code: "TRANSACTION_CLOSED" });
      expect(await traces(bed)).toEqual({ notes: [], jobs: 0 });
      await bed.add();
      expect(await traces(bed)).toEqual({ notes: [], jobs: 1 });
    },
  );

  rule("R2: foreign work is refused however quick it was", async (bed) => {
    for (const quick of [
      // Due before anybody waits for it.
      () => {
        const timer = sleep(1);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        return timer;
      },
      () => new Promise<void>((resolve) => setImmediate(resolve)),
      () => stat("."),
    ]) {
      const stalled = bed.store.transaction(async (tx) => {
        await addNote(tx, 1);
        await quick();
      });
      await expect(stalled).rejects.toMatchObject({ code: "TRANSACTION_STALLED" });
    }
    expect(await traces(bed)).toEqual({ notes: [], jobs: 0 });
  });

  rule("R2: two thousand statements are no foreign wait", async (bed) => {
    await bed.store.transaction(async (tx) => {
      for (let id = 1; id <= 2_000; id += 1) await addNote(tx, id);
    });
    expect((await traces(bed)).notes).toHaveLength(2_000);
  });

  rule("R2: an enqueue without tx inside a callback is refused: it would wait for itself", async (bed) => {
    const missing = { code: "TRANSACTION_MISSING" };
    const { id } = await bed.add();
    const claimed = await bed.claim();
    await bed.store.transaction(async (tx) => {
      await expect(bed.add()).rejects.toMatchObject(missing);
      await expect(bed.store.transaction(async () => undefined)).rejects.toMatchObject(missing);
      await expect(bed.queue.completeJob(claimed)).rejects.toMatchObject(missing);
      await addNote(tx, 1);
    });
    // The refusals do not hurt the transaction they stand in, nor what follows it.
    expect(await traces(bed)).toEqual({ notes: ["note 1"], jobs: 1 });
    await bed.queue.completeJob(claimed);
    expect(await bed.states(id)).toEqual(["completed"]);
  });

  rule("R2: an effect of a completion may not enqueue beside its transaction either", async (bed) => {
    await bed.add();
    const claimed = await bed.claim();
    const effect = async (): Promise<void> => {
      await bed.add();
    };
    const finished = bed.finish(claimed, { verb: "complete", result: null }, { effects: [effect] });
    await expect(finished).rejects.toMatchObject({ code: "TRANSACTION_MISSING" });
  });

  rule("R2: a transaction cannot be used after its end", async (bed) => {
    const kept = await bed.store.transaction(async (tx) => tx);
    const closed = { code: "TRANSACTION_CLOSED" };
    await expect(addNote(kept, 1)).rejects.toMatchObject(closed);
    await expect(bed.add({ tx: kept })).rejects.toMatchObject(closed);
    expect(await traces(bed)).toEqual({ notes: [], jobs: 0 });
  });

  rule("R2: a transaction of another store is refused", async (bed) => {
    const other = await bed.openProcess();
    await bed.store.transaction(async (tx) => {
      await expect(other.queue.enqueue("mail", { n: 1 }, { tx })).rejects.toThrow(/another store/);
    });
    expect(await traces(bed)).toEqual({ notes: [], jobs: 0 });
  });

  rule("R2: of callers that commit together one that fails does not fail its neighbours", async (bed) => {
    const orphan = newJob({ dependsOn: [{ jobId: "nobody", whenDead: "cancel" }] });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        i % 7 === 3 ? bed.store.enqueue([newJob(), orphan], { durability: "full" }) : bed.add(),
      ),
    );
    const failed = outcomes.flatMap(({ status }, i) => (status === "rejected" ? [i] : []));
    expect(failed).toEqual([3, 10, 17]);
    expect((await traces(bed)).jobs).toBe(17);
  });

  rule("R2: transactions take turns, so none reads what another is about to change", async (bed) => {
    const other = await bed.openProcess();
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 ? bed : other).store.transaction(
          async (tx) => {
            const { length } = await tx.sql.selectFrom("note").select("id").execute();
            await addNote(tx, length + 1);
          },
          { durability: i % 3 ? "normal" : "full" },
        ),
      ),
    );
    expect((await traces(bed)).notes).toHaveLength(20);
  });

  rule("R2: the connection for reads cannot write", async (bed) => {
    await expect(bed.store.read.insertInto("note").values({ id: 1, text: "no" }).execute()).rejects.toThrow(
      /read-?only/i,
    );
  });
}
