import { expect } from "vitest";
import { type Deploys, openDeploys } from "./deploys.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

/** A dead letter of the second deploy's version; returns its id. */
async function addDead({ second }: Deploys, bed: TestBed): Promise<string> {
  const { id } = await second.enqueue("letter", { address: "ada" });
  const claimed = await second.dequeue("worker-2");
  if (!claimed) throw new Error("nothing could be claimed");
  await second.failJob(claimed, new Error("no luck"));
  return bed.deadIdOf(id);
}

export function versionEditRules(rule: Rule): void {
  rule("a dead letter is retried as of its own version", async (bed) => {
    const deploys = await openDeploys(bed);
    const dead = await addDead(deploys, bed);
    await bed.store.revive(dead);
    expect(await deploys.first.dequeue("worker-1")).toBeNull();
    expect(await deploys.third.dequeue("worker-3")).toMatchObject({
      payloadVersion: 2,
      payload: { address: "ada", copies: 1 },
      generation: 0,
    });
  });

  rule(
    "an edit of a dead letter is checked against the present version, and stored as of it",
    async (bed) => {
      const deploys = await openDeploys(bed);
      const { second, third } = deploys;
      const dead = await addDead(deploys, bed);
      const before = await bed.store.getDeadLetter(dead);
      if (!before) throw new Error("the dead letter is gone");
      expect(third.presentPayload(before)).toEqual({ address: "ada", copies: 1 });
      const refused = third.editDeadLetter(dead, { payload: { address: "bob" } });
      await expect(refused).rejects.toMatchObject({ code: "PAYLOAD_INVALID" });
      expect(await third.editDeadLetter(dead, { payload: { address: "bob", copies: 2 } })).toMatchObject({
        payloadVersion: 3,
        payload: { address: "bob", copies: 2 },
      });
      await bed.store.revive(dead);
      expect(await second.dequeue("worker-2")).toBeNull();
      expect(await third.dequeue("worker-3")).toMatchObject({ payloadVersion: 3, generation: 1 });
    },
  );

  rule(
    "an older deploy changes no payload that it cannot read, but reviews and retries the dead letter",
    async (bed) => {
      const deploys = await openDeploys(bed);
      const dead = await addDead(deploys, bed);
      const edit = deploys.first.editDeadLetter(dead, { payload: { to: "bob" } });
      await expect(edit).rejects.toMatchObject({ code: "PAYLOAD_NEWER" });
      const looked = await deploys.first.editDeadLetter(dead, { reviewed: true, notes: "seen" });
      expect(looked).toMatchObject({ payloadVersion: 2, payload: { address: "ada" }, reviewed: true });
      await bed.store.revive(dead);
      expect(await deploys.second.dequeue("worker-2")).toMatchObject({ payload: { address: "ada" } });
    },
  );

  rule("a slot's job has the version of its schedule, whichever deploy takes the slot", async (bed) => {
    const { first, second, third } = await openDeploys(bed);
    await first.registerCron("letter", { everyMs: 60_000 }, { id: "old", payload: { to: "ada" } });
    await second.registerCron("letter", { everyMs: 60_000 }, { id: "new", payload: { address: "bob" } });
    bed.clock.advance(60_000);
    expect(await first.runDueCronJobs()).toBe(2);
    expect(await first.dequeueBatch("worker-1", 10)).toMatchObject([{ payload: { to: "ada" } }]);
    expect(await second.dequeueBatch("worker-2", 10)).toMatchObject([{ payload: { address: "bob" } }]);
    bed.clock.advance(60_000);
    expect(await third.runDueCronJobs()).toBe(2);
    const claimed = await third.dequeueBatch("worker-3", 10);
    expect(claimed.map((job) => `${job.payload.address} ${job.payloadVersion}`).sort()).toEqual([
      "ada 1",
      "bob 2",
    ]);
    await first.runCron("new");
    expect(await first.dequeue("worker-1")).toBeNull();
    expect(await second.dequeue("worker-2")).toMatchObject({ payload: { address: "bob" } });
  });

  rule("a schedule's payload that can no longer be upcast is named when its slot is due", async (bed) => {
    const { second, third } = await openDeploys(bed);
    await second.registerCron("letter", { everyMs: 60_000 }, { payload: { address: "nobody" } });
    bed.clock.advance(60_000);
    await expect(third.runDueCronJobs()).rejects.toMatchObject({ code: "SCHEDULE_INVALID" });
    expect(await second.runDueCronJobs()).toBe(1);
  });

  rule(
    "an edit of a schedule's times leaves its payload and version, one of its payload renews both",
    async (bed) => {
      const { first, third } = await openDeploys(bed);
      await first.registerCron("letter", { everyMs: 60_000 }, { payload: { to: "ada" } });
      const timed = await third.editCron("letter", { expression: { everyMs: 5_000 } });
      expect(timed).toMatchObject({ expression: "every 5000 ms", payload: { to: "ada" }, payloadVersion: 1 });
      const payload = { address: "bob", copies: 2 };
      expect(await third.editCron("letter", { payload })).toMatchObject({ payload, payloadVersion: 3 });
      expect(await first.editCron("letter", { expression: { everyMs: 60_000 } })).toMatchObject({
        payload,
        payloadVersion: 3,
      });
    },
  );

  rule("a newer declaration of the same schedule and payload renews its version", async (bed) => {
    const { first, second } = await openDeploys(bed);
    const declared = { type: "letter", expression: { everyMs: 60_000 } } as const;
    const payload = { to: "ada", address: "ada" };
    await first.syncCron([{ ...declared, payload }]);
    await second.syncCron([{ ...declared, payload }]);
    expect(await bed.store.listSchedules()).toMatchObject([{ payloadVersion: 2 }]);
  });

  rule("a unique key keeps out a job of another version", async (bed) => {
    const { first, second } = await openDeploys(bed);
    const old = await first.enqueue("letter", { to: "ada" }, { uniqueKey: "ada" });
    expect(await second.enqueue("letter", { address: "ada" }, { uniqueKey: "ada" })).toMatchObject({
      id: old.id,
      deduplicated: true,
      payloadVersion: 1,
    });
  });

  rule(
    "a payload that replaces one of another version brings its version, in any state before the run",
    async (bed) => {
      const { first, second } = await openDeploys(bed);
      const parent = await bed.add();
      const unique = { onConflict: "replace" } as const;
      const states = { pending: {}, scheduled: { delayMs: 1_000 }, waiting: { dependsOn: [parent.id] } };
      for (const [state, settings] of Object.entries(states)) {
        const old = await first.enqueue("letter", { to: "x" }, { uniqueKey: state, unique, ...settings });
        expect(old.status).toBe(state);
        const newer = await second.enqueue("letter", { address: state }, { uniqueKey: state, unique });
        expect(newer).toMatchObject({
          id: old.id,
          status: state,
          payloadVersion: 2,
          payload: { address: state },
        });
      }
      await bed.queue.completeJob(await bed.claim());
      bed.clock.advance(1_000);
      expect(await first.dequeue("worker-1")).toBeNull();
      const claimed = await second.dequeueBatch("worker-2", 10);
      expect(claimed.map(({ payload }) => payload.address).sort()).toEqual([
        "pending",
        "scheduled",
        "waiting",
      ]);
    },
  );

  rule("a debounced job is put off with a payload of another version", async (bed) => {
    const { first, second } = await openDeploys(bed);
    const options = { uniqueKey: "ada", unique: { onConflict: "debounce" }, delayMs: 1_000 } as const;
    await first.enqueue("letter", { to: "ada" }, options);
    bed.clock.advance(500);
    await second.enqueue("letter", { address: "ada" }, options);
    await first.enqueue("letter", { to: "bob" }, { ...options, delayMs: 0 });
    expect(await first.dequeue("worker-1")).toMatchObject({ payload: { to: "bob" }, payloadVersion: 1 });
  });

  rule("statistics and health say which jobs no worker there can read", async (bed) => {
    const { first, second } = await openDeploys(bed);
    const since = new Date(bed.clock.now());
    await first.enqueue("letter", { to: "ada" });
    await second.enqueueMany("letter", [{ address: "bob" }, { address: "eve" }]);
    const stats = await first.stats();
    expect(stats.unread).toEqual([{ type: "letter", payloadVersion: 2, keyId: null, since, count: 2 }]);
    expect(stats.byType).toEqual([{ type: "letter", status: "pending", count: 3 }]);
    expect((await first.checkQueueHealth()).status).toBe("healthy");
    bed.clock.advance(60_001);
    expect((await first.checkQueueHealth()).issues).toEqual([
      "pending jobs wait for a worker that can read them: letter (payload version 2)",
    ]);
    const seen = Promise.withResolvers<unknown>();
    const heartbeat = bed.store.heartbeat({
      workerId: "worker-2",
      leaseMs: 30_000,
      lines: second.linesOf(["letter"]),
      timeoutsMs: {},
      onBeat: seen.resolve,
      onError: seen.reject,
    });
    await seen.promise;
    expect((await first.stats()).unread).toEqual([]);
    expect((await first.checkQueueHealth()).issues).toEqual([]);
    await heartbeat.stop();
  });
}
