import { expect } from "vitest";
import type { JobLimit } from "../../src/limits.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestClaim, TestProcess } from "./test-bed.ts";

const payloads = (count: number): { readonly n: number }[] =>
  Array.from({ length: count }, (_, n) => ({ n }));
const fill = (bed: TestBed, count: number): Promise<unknown> =>
  bed.queue.enqueueMany("mail", payloads(count));
const take = ({ queue }: TestProcess, limit = 100): Promise<readonly TestClaim[]> =>
  queue.dequeueBatch("worker-1", limit);
const PER_500_MS = { limit: 2, periodMs: 1_000 };

export function limitRules(rule: Rule): void {
  rule("R12: of a type at most as many run as its concurrency lets, over all processes", async (bed) => {
    const other = await bed.openProcess();
    await fill(bed, 10);
    await bed.queue.setLimit("mail", { concurrency: 3 });
    expect(await take(bed, 2)).toHaveLength(2);
    const [last] = await take(other);
    expect(await take(bed)).toEqual([]);
    if (last) await other.queue.completeJob(last);
    expect(await take(bed)).toHaveLength(1);
    expect(await take(other)).toEqual([]);
  });

  rule("R12: any end of a run makes room, for a claim of the same turn too", async (bed) => {
    await fill(bed, 10);
    await bed.queue.setLimit("mail", { concurrency: 2 });
    const ends: readonly ((job: TestClaim) => Promise<unknown>)[] = [
      (job: TestClaim) => bed.queue.failJob(job, new Error("no luck")),
      (job: TestClaim) => bed.finish(job, { verb: "handBack" }),
      (job: TestClaim) => bed.finish(job, { verb: "abandon" }),
      (job: TestClaim) => bed.finish(job, { verb: "snooze", delayMs: 1_000 }),
      (job: TestClaim) => bed.queue.completeJob(job),
    ];
    let running = await take(bed);
    for (const end of ends) {
      expect(running).toHaveLength(2);
      const ended = Promise.all(running.map(end));
      running = await take(bed);
      await ended;
    }
  });

  rule("R12: of a type no more start than its rate lets, with a burst, over all processes", async (bed) => {
    const other = await bed.openProcess();
    await fill(bed, 20);
    await bed.queue.setLimit("mail", { rate: { ...PER_500_MS, burst: 3 } });
    expect(await take(bed, 2)).toHaveLength(2);
    expect(await take(other)).toHaveLength(1);
    bed.clock.advance(499);
    expect(await take(bed)).toEqual([]);
    bed.clock.advance(1);
    expect(await take(other)).toHaveLength(1);
    bed.clock.advance(60_000);
    expect(await take(bed)).toHaveLength(3);
  });

  rule("R12: without a burst the starts are evenly spread", async (bed) => {
    await fill(bed, 5);
    await bed.queue.setLimit("mail", { rate: PER_500_MS });
    bed.clock.advance(60_000);
    for (let start = 0; start < 3; start += 1) {
      expect(await take(bed)).toHaveLength(1);
      bed.clock.advance(500);
    }
  });

  rule("R12: a job that is held back spends no attempt and holds up no other type", async (bed) => {
    await bed.queue.enqueueMany("mail", payloads(5), { priority: 90 });
    await bed.queue.enqueueMany("report", payloads(5));
    await bed.queue.setLimit("mail", { rate: PER_500_MS });
    const claimed = await take(bed, 4);
    expect(claimed.map(({ type }) => type)).toEqual(["mail", "report", "report", "report"]);
    bed.clock.advance(500);
    expect(await bed.claim()).toMatchObject({ type: "mail", attempt: 1 });
  });

  rule("R12: a limit can be changed while jobs run, and what was spent stays spent", async (bed) => {
    await fill(bed, 20);
    await bed.queue.setLimit("mail", { concurrency: 4 });
    const four = await take(bed);
    await bed.queue.setLimit("mail", { concurrency: 2 });
    for (const job of four.slice(0, 2)) await bed.queue.completeJob(job);
    expect(await take(bed)).toEqual([]);
    await bed.queue.setLimit("mail", { concurrency: 3, rate: PER_500_MS });
    expect(await take(bed)).toHaveLength(1);
    await bed.queue.setLimit("mail", { rate: PER_500_MS });
    expect(await take(bed)).toEqual([]);
    await bed.queue.setLimit("mail", null);
    expect(await take(bed, 5)).toHaveLength(5);
  });

  rule("R12: after the wall clock was set back a rate holds for no longer than its burst", async (bed) => {
    await fill(bed, 10);
    await bed.queue.setLimit("mail", { rate: { ...PER_500_MS, burst: 2 } });
    expect(await take(bed)).toHaveLength(2);
    bed.clock.setWall(bed.clock.now() - 3_600_000);
    expect(await take(bed)).toEqual([]);
    bed.clock.advance(499);
    expect(await take(bed)).toEqual([]);
    bed.clock.advance(1);
    expect(await take(bed)).toHaveLength(1);
  });

  rule("R12: what ends with its worker's lease gives its place back", async (bed) => {
    const other = await bed.openProcess();
    await fill(bed, 3);
    await bed.queue.setLimit("mail", { concurrency: 1 });
    const [job] = await take(bed);
    for (let look = 0; look < 5; look += 1) {
      bed.clock.advance(10_000);
      await other.store.rescue();
    }
    expect((await take(other)).map(({ id }) => id)).toEqual([job?.id]);
  });

  rule(
    "R12: whatever else is claimed, and whoever is aged, both limits hold in any span of time",
    async (bed) => {
      const random = seededRandom(11);
      const upTo = (most: number): number => Math.floor(random() * (most + 1));
      const processes = [bed, await bed.openProcess()];
      const starts: number[] = [];
      let running: TestClaim[] = [];
      await bed.queue.setLimit("mail", { concurrency: 4, rate: { limit: 10, periodMs: 1_000, burst: 5 } });
      for (let step = 0; step < 150; step += 1) {
        bed.clock.advance(upTo(150));
        for (const type of ["mail", "report"] as const)
          await bed.queue.enqueueMany(type, payloads(upTo(3)), { priority: 10 * upTo(3) });
        const process = processes[upTo(1)] ?? bed;
        const claimed = await take(process, 1 + upTo(7));
        running.push(...claimed);
        const mails = claimed.filter(({ type }) => type === "mail");
        starts.push(...mails.map(() => bed.clock.now()));
        expect(running.filter(({ type }) => type === "mail").length).toBeLessThanOrEqual(4);
        const [ended, rest] = [running.filter((_, n) => n % 2 === 0), running.filter((_, n) => n % 2 === 1)];
        for (const job of ended) await process.queue.completeJob(job);
        running = rest;
      }
      expect(starts.length).toBeGreaterThan(50);
      for (const [from, fromMs] of starts.entries())
        for (const [to, toMs] of starts.entries())
          if (to >= from) expect(to - from + 1).toBeLessThanOrEqual(5 + (toMs - fromMs) / 100);
    },
  );

  rule("R12: it says which limits there are; paused and limited is paused", async (bed) => {
    expect(await bed.queue.limits()).toEqual([]);
    await bed.queue.setLimit("report", { concurrency: 2 });
    await bed.queue.setLimit("mail", { rate: PER_500_MS });
    const own = { perKey: null, isShared: false, declared: null, isEdited: false };
    expect(await bed.queue.limits()).toEqual([
      { name: "mail", types: ["mail"], rate: { ...PER_500_MS, burst: 1 }, concurrency: null, ...own },
      { name: "report", types: ["report"], rate: null, concurrency: 2, ...own },
    ]);
    await fill(bed, 1);
    await bed.queue.pause("mail");
    expect(await take(bed)).toEqual([]);
    await bed.queue.resume("mail");
    expect(await take(bed)).toHaveLength(1);
    await bed.queue.setLimit("mail", null);
    expect(await bed.queue.limits()).toHaveLength(1);
  });

  rule("R12: an expired job takes neither a place nor a token", async (bed) => {
    await bed.queue.enqueueMany("fleeting", payloads(3));
    bed.clock.advance(10_000);
    const fresh = await bed.queue.enqueue("fleeting", { n: 9 });
    await bed.queue.setLimit("fleeting", { concurrency: 1, rate: PER_500_MS });
    expect((await bed.claim("worker-1", { types: ["fleeting"] })).id).toBe(fresh.id);
  });

  rule("R12: a limit out of range is refused, and so is one of nothing", async (bed) => {
    const wrong: readonly JobLimit[] = [
      {},
      { concurrency: 0 },
      { concurrency: 1.5 },
      { rate: { limit: 0, periodMs: 1_000 } },
      { rate: { limit: 1_001, periodMs: 1 } },
      { rate: { limit: 1, periodMs: 86_400_001 } },
      { rate: { limit: 1, periodMs: Number.NaN } },
      { rate: { ...PER_500_MS, burst: 10_001 } },
    ];
    for (const limit of wrong)
      await expect(bed.queue.setLimit("mail", limit), JSON.stringify(limit)).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });
    const none = bed.queue.setLimit("nothing", { concurrency: 1 });
    await expect(none).rejects.toMatchObject({ code: "LIMIT_UNKNOWN" });
    expect(await bed.queue.limits()).toEqual([]);
  });
}
