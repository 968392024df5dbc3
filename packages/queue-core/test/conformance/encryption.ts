import { expect } from "vitest";
import { z } from "zod";
import { custom, defineJob } from "../../src/define.ts";
import { createKeyring, type Keyring } from "../../src/keyring.ts";
import { createQueue, type Queue } from "../../src/queue.ts";
import { withoutSealed } from "../../src/sealed.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";
import type { AppTables } from "./test-database.ts";

/** What must not be found anywhere in the database. */
const IBAN = "DE02120300000000202051";

const JOBS = [
  defineJob("pay_out", {
    payload: z.object({ iban: z.string().refine((iban) => iban !== "refused", `not ${IBAN} again`) }),
    retry: { attempts: 2, backoff: custom(() => 0) },
    encrypted: true,
  }),
] as const;
type Payouts = Queue<typeof JOBS, AppTables>;

const OLD = { id: "old", secret: Buffer.alloc(32, 1) };
const NEW = { id: "new", secret: Buffer.alloc(32, 2) };

async function openPayouts(bed: TestBed, keyring?: Keyring): Promise<Payouts> {
  const { store } = await bed.openProcess();
  return createQueue({ store, jobs: JOBS, clock: bed.clock, random: () => 0.5, ...(keyring && { keyring }) });
}

async function claimOne(queue: Payouts) {
  const claimed = await queue.dequeue("worker-1");
  if (!claimed) throw new Error("nothing could be claimed");
  return claimed;
}

async function expectNoPlaintext(bed: TestBed): Promise<void> {
  expect(JSON.stringify(await bed.database.dump())).not.toContain(IBAN);
}

export function encryptionRules(rule: Rule): void {
  rule("nothing of an encrypted payload, its result, steps or errors is in the database", async (bed) => {
    const queue = await openPayouts(bed, createKeyring([NEW]));
    const { id } = await queue.enqueue("pay_out", { iban: IBAN });
    await queue.enqueueMany("pay_out", [{ iban: IBAN }, { iban: IBAN }, { iban: IBAN }, { iban: IBAN }]);
    await queue.enqueueDelayed("pay_out", { iban: IBAN }, 60_000);
    await queue.registerCron("pay_out", { everyMs: 60_000 }, { payload: { iban: IBAN } });
    const claimed = await claimOne(queue);
    expect(claimed).toMatchObject({ id, payload: { iban: IBAN }, keyId: "new" });
    await queue.failJob(claimed, new TypeError(`no account ${IBAN}`));
    await expectNoPlaintext(bed);
    for (const job of await queue.dequeueBatch("worker-1", 10)) await queue.completeJob(job, { paid: IBAN });
    await expectNoPlaintext(bed);
    const done = await queue.store.getJob(id);
    expect(done).toMatchObject({
      status: "completed",
      lastError: expect.stringMatching(/^TypeError: sealed:new\./),
    });
    expect(done && queue.decrypt(done)).toMatchObject({
      payload: { iban: IBAN },
      result: { paid: IBAN },
      lastError: `TypeError: no account ${IBAN}`,
    });
    expect(await queue.result(id)).toEqual({ paid: IBAN });
  });

  rule("an error that quotes another's ciphertext is encrypted like any other", async (bed) => {
    const queue = await openPayouts(bed, createKeyring([NEW]));
    const { id } = await queue.enqueue("pay_out", { iban: "DE1" }, { maxAttempts: 1 });
    const message = `after Error: sealed:new.abc.def there was no account ${IBAN}`;
    await queue.failJob(await claimOne(queue), new Error(message));
    await expectNoPlaintext(bed);
    const dead = await bed.store.getDeadLetter(await bed.deadIdOf(id));
    expect(dead && queue.decrypt(dead).lastError).toBe(`Error: ${message}`);
  });

  rule("a dead letter stays encrypted, through an edit and a retry", async (bed) => {
    const queue = await openPayouts(bed, createKeyring([NEW, OLD]));
    const { id } = await queue.enqueue("pay_out", { iban: "DE1" }, { maxAttempts: 1 });
    await queue.failJob(await claimOne(queue), new Error(`no account ${IBAN}`));
    const dead = await bed.deadIdOf(id);
    await expectNoPlaintext(bed);
    expect(await queue.editDeadLetter(dead, { payload: { iban: IBAN } })).toMatchObject({ keyId: "new" });
    await expectNoPlaintext(bed);
    const stored = await queue.store.getDeadLetter(dead);
    expect(stored && queue.decrypt(stored)).toMatchObject({
      payload: { iban: IBAN },
      lastError: `Error: no account ${IBAN}`,
    });
    expect(stored && queue.presentPayload(stored)).toEqual({ iban: IBAN });
    await queue.store.revive(dead);
    expect(await claimOne(queue)).toMatchObject({ payload: { iban: IBAN }, generation: 1 });
    await expectNoPlaintext(bed);
  });

  rule(
    "old keys decrypt and the first one encrypts; who lacks a key leaves the job to others",
    async (bed) => {
      const before = await openPayouts(bed, createKeyring([OLD]));
      const during = await openPayouts(bed, createKeyring([NEW, OLD]));
      const after = await openPayouts(bed, createKeyring([NEW]));
      const old = await before.enqueue("pay_out", { iban: "DE1" });
      const newer = await during.enqueue("pay_out", { iban: "DE2" });
      expect([old.keyId, newer.keyId]).toEqual(["old", "new"]);
      expect((await after.dequeueBatch("worker-3", 10)).map(({ id }) => id)).toEqual([newer.id]);
      expect(await after.dequeue("worker-3")).toBeNull();
      expect(await bed.store.getJob(old.id)).toMatchObject({ status: "pending", attempts: 0 });
      expect((await after.stats()).unread).toMatchObject([{ type: "pay_out", keyId: "old", count: 1 }]);
      bed.clock.advance(60_001);
      expect((await after.checkQueueHealth()).issues).toEqual([
        "pending jobs wait for a worker that can read them: pay_out (payload version 1, key old)",
      ]);
      expect(await during.dequeue("worker-2")).toMatchObject({
        id: old.id,
        payload: { iban: "DE1" },
        attempt: 1,
      });
    },
  );

  rule("what was enqueued before its type was encrypted runs, and its result is encrypted", async (bed) => {
    const { payload } = JOBS[0];
    const plain = createQueue({
      store: bed.store,
      jobs: [defineJob("pay_out", { payload })],
      clock: bed.clock,
    });
    const { id } = await plain.enqueue("pay_out", { iban: "DE1" });
    const queue = await openPayouts(bed, createKeyring([NEW]));
    await queue.enqueue("pay_out", { iban: "DE2" });
    expect(await plain.dequeueBatch("worker-1", 10, { types: ["pay_out"] })).toHaveLength(1);
    await plain.enqueue("pay_out", { iban: "DE3" });
    const both = await queue.dequeueBatch("worker-2", 10);
    expect(both.map((job) => job.payload.iban)).toEqual(["DE2", "DE3"]);
    for (const job of both) await queue.completeJob(job, { paid: IBAN });
    await expectNoPlaintext(bed);
    expect(await bed.states(id)).toEqual(["processing"]);
  });

  rule(
    "a ciphertext that was changed, or is another type's, ends its job and says no word of it",
    async (bed) => {
      const queue = await openPayouts(bed, createKeyring([NEW]));
      const { id } = await queue.enqueue("pay_out", { iban: IBAN });
      const { payload } = (await bed.store.getJob(id)) ?? {};
      const other = createQueue({
        store: bed.store,
        jobs: [defineJob("pay_in", { payload: z.object({ iban: z.string() }), encrypted: true })],
        keyring: createKeyring([NEW]),
        clock: bed.clock,
      });
      const job = {
        type: "pay_in",
        payload: JSON.stringify(payload),
        payloadVersion: 1,
        keyId: "new",
      } as const;
      const rest = {
        priority: 0,
        maxAttempts: 3,
        delayMs: 0,
        workflowId: null,
        detached: false,
        uniqueKey: null,
      };
      const none = { slotAtMs: null, step: null, dependsOn: [], expireAfterMs: null };
      await bed.store.enqueue([{ ...job, ...rest, ...none }], { durability: "normal" });
      expect(await other.dequeue("worker-1")).toBeNull();
      const { items } = await bed.store.listDeadLetters({ limit: 10 });
      expect(items).toMatchObject([
        { type: "pay_in", reason: "undecryptable_payload", attempts: 0, payload },
      ]);
      expect(items[0] && other.decrypt({ ...items[0], keyId: null }).lastError).toMatch(
        /^SealBrokenError: .*key "new"/,
      );
      await expectNoPlaintext(bed);
    },
  );

  rule(
    "a payload that its schema refuses at the run is given up, and what the schema says is encrypted",
    async (bed) => {
      const { encrypted } = JOBS[0];
      const lax = defineJob("pay_out", { payload: z.object({ iban: z.string() }), encrypted });
      const keyring = createKeyring([NEW]);
      const { id } = await createQueue({ store: bed.store, jobs: [lax], keyring, clock: bed.clock }).enqueue(
        "pay_out",
        {
          iban: "refused",
        },
      );
      expect(await (await openPayouts(bed, keyring)).dequeue("worker-1")).toBeNull();
      expect(await bed.store.getJob(id)).toMatchObject({
        status: "failed",
        lastError: expect.stringMatching(/^PayloadInvalidError: sealed:/),
      });
      // Nobody is to find it by a piece of its ciphertext.
      expect((await bed.store.listDeadLetters({ limit: 5, search: "sealed" })).items).toEqual([]);
      await expectNoPlaintext(bed);
    },
  );

  rule("without a key nothing is enqueued, and a worker's process says what it lacks", async (bed) => {
    const queue = await openPayouts(bed);
    const refused = queue.enqueue("pay_out", { iban: IBAN });
    await expect(refused).rejects.toMatchObject({ code: "ENCRYPTION_KEY_MISSING" });
    await expect(refused).rejects.not.toThrow(IBAN);
    const keyed = await openPayouts(bed, createKeyring([NEW]));
    const { id } = await keyed.enqueue("pay_out", { iban: IBAN });
    const job = await bed.store.getJob(id);
    expect(() => job && queue.decrypt(job)).toThrow(/this process has no keys/);
  });

  rule("a scheduler without keys takes the slots of encrypted schedules all the same", async (bed) => {
    const keyed = await openPayouts(bed, createKeyring([NEW]));
    await keyed.registerCron("pay_out", { everyMs: 60_000 }, { payload: { iban: IBAN } });
    bed.clock.advance(60_000);
    expect(await (await openPayouts(bed)).runDueCronJobs()).toBe(1);
    expect(await keyed.dequeue("worker-1")).toMatchObject({ payload: { iban: IBAN } });
  });

  rule(
    "an encrypted schedule that is declared again stays as it is, until its key is replaced",
    async (bed) => {
      const declared = [
        { type: "pay_out", expression: { everyMs: 60_000 }, payload: { iban: IBAN } },
      ] as const;
      const before = await openPayouts(bed, createKeyring([OLD]));
      await before.syncCron(declared);
      const [first] = await bed.store.listSchedules();
      await before.syncCron(declared);
      expect(await bed.store.listSchedules()).toEqual([first]);
      await before.syncCron([{ ...declared[0], payload: { iban: "DE1" } }]);
      expect((await bed.store.listSchedules())[0]?.version).toBe(2);
      await (await openPayouts(bed, createKeyring([NEW, OLD]))).syncCron(declared);
      expect(await bed.store.listSchedules()).toMatchObject([{ version: 3, keyId: "new" }]);
      await expectNoPlaintext(bed);
    },
  );

  rule(
    "a payload that replaces an encrypted one is encrypted, and stands where its key is known",
    async (bed) => {
      const before = await openPayouts(bed, createKeyring([OLD]));
      const after = await openPayouts(bed, createKeyring([NEW]));
      const unique = { uniqueKey: "one", unique: { onConflict: "replace" } } as const;
      const { id } = await before.enqueue("pay_out", { iban: "DE1" }, unique);
      expect(await after.enqueue("pay_out", { iban: IBAN }, unique)).toMatchObject({ id, keyId: "new" });
      expect(await before.dequeue("worker-1")).toBeNull();
      expect(await after.dequeue("worker-2")).toMatchObject({ id, payload: { iban: IBAN } });
      await expectNoPlaintext(bed);
    },
  );

  rule("what people are shown names the key, and has no ciphertext", async (bed) => {
    const queue = await openPayouts(bed, createKeyring([NEW]));
    const { id } = await queue.enqueue("pay_out", { iban: IBAN });
    await queue.failJob(await claimOne(queue), new TypeError("no"));
    await queue.completeJob(await claimOne(queue), { paid: IBAN });
    const job = await bed.store.getJob(id);
    expect(job && withoutSealed(job)).toEqual({
      ...job,
      payload: { encryptedWithKey: "new" },
      result: { encryptedWithKey: "new" },
      lastError: "TypeError: (encrypted with key new)",
    });
  });

  rule("what merely looks like a ciphertext is shown, and found, as it is", async (bed) => {
    const error = new Error("the box was sealed: see a.b.c, or sealed:notes.box.txt");
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    await bed.queue.failJob(await bed.claim(), error);
    const { items } = await bed.store.listDeadLetters({ limit: 5, search: "the box" });
    expect(items).toMatchObject([{ originalJobId: id, lastError: String(error) }]);
    expect(items[0] && withoutSealed(items[0])).toEqual(items[0]);
    const own = { payload: { $sealed: "with a stamp" } };
    expect(withoutSealed(own)).toEqual(own);
  });
}
