import { setImmediate as turn } from "node:timers/promises";
import { expect } from "vitest";
import { z } from "zod";
import { defineJob } from "../../src/define.ts";
import { createKeyring } from "../../src/keyring.ts";
import { createQueue } from "../../src/queue.ts";
import type { NewReport } from "../../src/run-report.ts";
import { sealReport } from "../../src/run-report.ts";
import { withoutSealed } from "../../src/sealed.ts";
import type { Verdict } from "../../src/store.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestClaim } from "./test-bed.ts";

const DAY_MS = 24 * 60 * 60_000;
const FAILED: Verdict = { verb: "retry", delayMs: 0, error: "late", timedOut: false };

async function tell(bed: TestBed, job: TestClaim, report: NewReport): Promise<boolean | undefined> {
  const [held] = await bed.store.report([{ job, report }]);
  return held;
}

const logOf = (text: string): NewReport => ({ log: JSON.stringify(text), logBytesCut: 0 });

export function runReportRules(rule: Rule): void {
  rule("a run tells how far it has come: the last value counts", async (bed) => {
    const { id } = await bed.add();
    expect(await bed.queue.reports(id)).toEqual([]);
    const claimed = await bed.claim();
    expect(await tell(bed, claimed, { progress: "10" })).toBe(true);
    bed.clock.advance(1_000);
    expect(await tell(bed, claimed, { progress: '{"page":3,"of":4}' })).toBe(true);
    expect(await bed.queue.reports(id)).toEqual([
      {
        attempt: 1,
        workerId: "worker-1",
        startedAt: claimed.claimedAt,
        toldAt: new Date(bed.clock.now()),
        progress: { page: 3, of: 4 },
        log: null,
        logBytesCut: 0,
      },
    ]);
  });

  rule("what a report leaves out stays as it was told", async (bed) => {
    const { id } = await bed.add();
    const claimed = await bed.claim();
    await tell(bed, claimed, { progress: "10" });
    await tell(bed, claimed, { log: '"a line"', logBytesCut: 7 });
    await tell(bed, claimed, { progress: "20" });
    expect(await bed.queue.reports(id)).toMatchObject([{ progress: 20, log: "a line", logBytesCut: 7 }]);
  });

  rule("what a run told last is stored with its end, or not at all", async (bed) => {
    const { id } = await bed.add();
    const claimed = await bed.claim();
    await tell(bed, claimed, { progress: "10" });
    const report = { progress: "100", ...logOf("done") };
    const effects = [() => Promise.reject(new Error("no such table"))];
    const complete = { verb: "complete", result: null } as const;
    await expect(bed.finish(claimed, complete, { effects, report })).rejects.toThrow("no such table");
    expect(await bed.queue.reports(id)).toMatchObject([{ progress: 10, log: null }]);
    expect(await bed.finish(claimed, complete, { report })).toMatchObject({ accepted: true });
    expect(await bed.queue.reports(id)).toMatchObject([{ progress: 100, log: "done" }]);
  });

  rule("runs that end together each keep what they told", async (bed) => {
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 12 }, (_, n) => ({ n })),
    );
    const claimed = await bed.queue.dequeueBatch("worker-1", 12);
    const ended = await Promise.all(
      claimed.map((job, n) =>
        bed.finish(
          job,
          { verb: "complete", result: null },
          n % 2 === 0 ? { report: { progress: String(n) } } : {},
        ),
      ),
    );
    expect(ended.every(({ accepted }) => accepted)).toBe(true);
    const told = await Promise.all(claimed.map(async ({ id }) => (await bed.queue.reports(id))[0]?.progress));
    expect(told).toEqual([
      0,
      undefined,
      2,
      undefined,
      4,
      undefined,
      6,
      undefined,
      8,
      undefined,
      10,
      undefined,
    ]);
  });

  rule("each run keeps what it told, also after a retry, a crash and another life", async (bed) => {
    const { id } = await bed.add({ maxAttempts: 2 });
    const first = await bed.claim();
    await bed.finish(first, FAILED, { report: { progress: "40", ...logOf("it broke") } });
    const crashed = await bed.claim();
    await tell(bed, crashed, { progress: "50", ...logOf("and was killed") });
    await bed.finish(crashed, { verb: "handBack" });
    const second = await bed.claim();
    const error = { error: "late", timedOut: false, reason: "attempts_exhausted" } as const;
    await bed.finish(second, { verb: "bury", ...error }, { report: logOf("it broke again") });
    const told = [
      { attempt: 1, progress: 40, log: "it broke" },
      { attempt: 2, progress: 50, log: "and was killed" },
      { attempt: 2, progress: null, log: "it broke again" },
    ];
    expect(await bed.queue.reports(id)).toMatchObject(told);
    await bed.store.revive(await bed.deadIdOf(id));
    await bed.finish(
      await bed.claim(),
      { verb: "complete", result: null },
      { report: { progress: "100", ...logOf("well") } },
    );
    expect(await bed.queue.reports(id)).toMatchObject([...told, { attempt: 1, progress: 100, log: "well" }]);
    expect((await bed.store.attempts(id)).map(({ startedAt }) => startedAt)).toHaveLength(3);
  });

  rule(
    "R10: a run that lost its lease tells nothing, and changes nothing that the newer one told",
    async (bed) => {
      const { id } = await bed.add();
      const stale = await bed.claim("worker-1");
      await bed.finish(stale, { verb: "handBack" });
      expect(await tell(bed, stale, { progress: "90" })).toBe(false);
      const current = await bed.claim("worker-2");
      await tell(bed, current, { progress: "10", ...logOf("mine") });
      const before = await bed.database.dump();
      expect(await tell(bed, stale, { progress: "90", ...logOf("not mine") })).toBe(false);
      const late = await bed.finish(stale, FAILED, { report: { progress: "90" } });
      expect(late).toEqual({ accepted: false, status: null });
      expect(await bed.database.dump()).toEqual(before);
      await bed.finish(current, { verb: "complete", result: null });
      expect(await tell(bed, current, { progress: "11" })).toBe(false);
      expect(await bed.queue.reports(id)).toMatchObject([
        { workerId: "worker-2", progress: 10, log: "mine" },
      ]);
    },
  );

  rule("several runs tell in one call; of each it is said whether it was heard", async (bed) => {
    await bed.add();
    const one = await bed.claim();
    await bed.add();
    const two = await bed.claim();
    await bed.finish(one, { verb: "abandon" });
    expect(await bed.store.report([one, two].map((job) => ({ job, report: { progress: "1" } })))).toEqual([
      false,
      true,
    ]);
    expect(await bed.store.report([])).toEqual([]);
  });

  rule("of a job that is put off again and again the last twenty runs keep what they told", async (bed) => {
    const { id } = await bed.add();
    for (let n = 0; n < 23; n += 1)
      await bed.finish(await bed.claim(), { verb: "snooze", delayMs: 0 }, { report: { progress: `${n}` } });
    const told = (await bed.queue.reports(id)).map(({ progress }) => progress);
    expect(told).toEqual(Array.from({ length: 20 }, (_, n) => n + 3));
  });

  rule("R20: what its runs told goes with the job, by age or when it is erased", async (bed) => {
    const { id } = await bed.add();
    await bed.finish(await bed.claim(), { verb: "complete", result: null }, { report: { progress: "1" } });
    const fragile = await bed.queue.enqueue("fragile", { n: 1 });
    const claimed = await bed.claim();
    await tell(bed, claimed, { progress: "2" });
    await bed.queue.failJob(claimed, new Error("no luck"));
    await bed.add();
    bed.clock.advance(DAY_MS);
    expect(await bed.store.prune({ keepMs: DAY_MS })).toBe(1);
    expect(await bed.store.reports(id)).toEqual([]);
    expect(await bed.store.reports(fragile.id)).toHaveLength(1);
    const deadId = await bed.deadIdOf(fragile.id);
    const audit = { actor: "ann", action: "discard", subject: deadId, detail: null };
    await bed.store.discard(deadId, audit);
    await bed.store.erase(deadId, audit);
    expect(await bed.store.reports(fragile.id)).toEqual([]);
  });

  rule("progress is told to listeners, in any process, when it changes", async (bed) => {
    const { last } = await bed.store.listen({ id: "one", forMs: 60_000 });
    const { id } = await bed.add();
    const claimed = await bed.claim();
    const other = await bed.openProcess();
    for (const report of [
      { progress: "10" },
      { progress: "10" },
      logOf("a line"),
      { progress: '{"page":2}' },
    ])
      await other.store.report([{ job: claimed, report }]);
    await bed.finish(claimed, { verb: "complete", result: null }, { report: { progress: "100" } });
    const { events } = await bed.store.events(last, 10);
    expect(events.map(({ kind, progress }) => [kind, progress])).toEqual([
      ["enqueued", null],
      ["started", null],
      ["progressed", 10],
      ["progressed", { page: 2 }],
      ["progressed", 100],
      ["completed", null],
    ]);
    expect(events[2]).toMatchObject({ jobId: id, type: "mail", attempt: 1, error: null });
    await bed.store.unlisten("one");
    await turn();
  });

  rule("nothing that an encrypted type's run tells is in the database in plain text", async (bed) => {
    const secret = "DE02120300000000202051";
    const jobs = [defineJob("pay_out", { payload: z.object({}), encrypted: true, keepLog: true })] as const;
    const keyring = createKeyring([{ id: "new", secret: Buffer.alloc(32, 1) }]);
    const queue = createQueue({ store: bed.store, jobs, keyring, clock: bed.clock });
    const { last } = await bed.store.listen({ id: "one", forMs: 60_000 });
    const { id } = await queue.enqueue("pay_out", {});
    const claimed = await queue.dequeue("worker-1");
    if (!claimed) throw new Error("nothing could be claimed");
    const plain = { progress: JSON.stringify({ iban: secret }), log: JSON.stringify(`to ${secret}`) };
    await bed.store.report([{ job: claimed, report: sealReport(queue.catalog, claimed, plain) }]);
    expect(JSON.stringify(await bed.database.dump())).not.toContain(secret);
    const [stored] = await bed.store.reports(id);
    expect(stored && withoutSealed(stored)).toMatchObject({
      progress: { encryptedWithKey: "new" },
      log: { encryptedWithKey: "new" },
    });
    expect(JSON.stringify((await bed.store.events(last, 10)).events)).not.toContain(secret);
    expect(await queue.reports(id)).toMatchObject([{ progress: { iban: secret }, log: `to ${secret}` }]);
    await bed.store.unlisten("one");
  });
}
