import { expect } from "vitest";
import { NonRetryableError } from "../../src/errors.ts";
import type { JobEvent, MissedEvents } from "../../src/events.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

type Feed = ReturnType<TestBed["queue"]["events"]>;

/** Begins to listen: resolves once what happens from here on comes. */
async function follow(bed: TestBed, options: Parameters<TestBed["queue"]["events"]>[0] = {}): Promise<Feed> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const feed = bed.queue.events({ pollMs: 10, ...options, onListening: resolve });
  // It begins at its first step; what it then tells of first is a job of ours.
  void feed.next();
  await promise;
  await bed.queue.enqueue("custom", { n: 0 }, { delayMs: 3_600_000 });
  return feed;
}

async function take(feed: Feed, count: number): Promise<(JobEvent | MissedEvents)[]> {
  const taken: (JobEvent | MissedEvents)[] = [];
  while (taken.length < count) {
    const { value, done } = await feed.next();
    if (done) break;
    if (value.kind === "missed" || value.type !== "custom") taken.push(value);
  }
  return taken;
}

const facts = (events: readonly (JobEvent | MissedEvents)[]): unknown[] =>
  events.map((event) => ("jobId" in event ? [event.kind, event.jobId, event.attempt] : event.kind));

export function eventRules(rule: Rule): void {
  rule("what happens to a job in any process is told in its order", async (bed) => {
    const feed = await follow(bed);
    const other = await bed.openProcess();
    const { id } = await other.queue.enqueue("mail", { n: 1 }, { workflowId: "wf-1" });
    const first = await bed.claim("worker-1", { types: ["mail"] });
    await other.queue.failJob(first, new Error("no luck"));
    bed.clock.advance(3_000_000);
    await bed.queue.completeJob(await bed.claim("worker-1", { types: ["mail"] }));
    const events = await take(feed, 5);
    expect(facts(events)).toEqual([
      ["enqueued", id, null],
      ["started", id, 1],
      ["retried", id, 1],
      ["started", id, 2],
      ["completed", id, 2],
    ]);
    expect(events[2]).toMatchObject({ type: "mail", workflowId: "wf-1", error: "Error: no luck" });
    await feed.return(undefined);
  });

  rule("a death is told as such and not as a retry before; a cancellation, too", async (bed) => {
    const feed = await follow(bed);
    const { jobId } = await bed.addDead();
    const { id } = await bed.add({ delayMs: 60_000 });
    await bed.queue.store.cancel(id);
    expect(facts(await take(feed, 5))).toEqual([
      ["enqueued", jobId, null],
      ["started", jobId, 1],
      ["dead", jobId, 1],
      ["enqueued", id, null],
      ["cancelled", id, null],
    ]);
    await feed.return(undefined);
  });

  rule("a retry that nobody claimed in time stays told beside the death", async (bed) => {
    const feed = await follow(bed);
    const { id } = await bed.queue.enqueue("fleeting", { n: 1 });
    await bed.queue.failJob(await bed.claim("worker-1", { types: ["fleeting"] }), new Error("no luck"));
    bed.clock.advance(3_600_000);
    await bed.store.promoteDue();
    expect(await bed.queue.expireJobs()).toBe(1);
    expect(facts(await take(feed, 4))).toEqual([
      ["enqueued", id, null],
      ["started", id, 1],
      ["retried", id, 1],
      ["dead", id, 1],
    ]);
    await feed.return(undefined);
  });

  rule("a run that no retry can help is told as the death alone", async (bed) => {
    const feed = await follow(bed);
    const { id } = await bed.add();
    await bed.queue.failJob(
      await bed.claim("worker-1", { types: ["mail"] }),
      new NonRetryableError("no use"),
    );
    expect(facts(await take(feed, 3))).toEqual([
      ["enqueued", id, null],
      ["started", id, 1],
      ["dead", id, 1],
    ]);
    await feed.return(undefined);
  });

  rule(
    "what was told and then taken back is not told as missed, and a quiet queue tells nothing twice",
    async (bed) => {
      await bed.add();
      const job = await bed.claim();
      const { last } = await bed.store.listen({ id: "one", forMs: 1_000 });
      await bed.queue.failJob(job, new NonRetryableError("no use"));
      const page = await bed.store.events(last, 10);
      expect(page).toMatchObject({ missed: 0, events: [{ kind: "dead" }] });
      expect(await bed.store.events(page.last, 10)).toEqual({ events: [], missed: 0, last: page.last });
    },
  );

  rule("it is looked for at times that make sense", async ({ queue }) => {
    for (const pollMs of [0, 9, 10_001, Number.NaN])
      await expect(queue.events({ pollMs }).next()).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  rule("a listener that has gone is forgotten by the next that comes", async ({ store, clock }) => {
    await store.listen({ id: "one", forMs: 1_000 });
    clock.advance(2_000);
    await store.listen({ id: "two", forMs: 1_000 });
    expect((await store.listen({ id: "one", forMs: 1_000 })).isNew).toBe(true);
  });

  rule("a job that expired before it ran is told as dead, of no attempt", async (bed) => {
    const feed = await follow(bed);
    const { id } = await bed.queue.enqueue("fleeting", { n: 1 });
    bed.clock.advance(10_000);
    await bed.queue.expireJobs();
    expect(facts(await take(feed, 2))).toEqual([
      ["enqueued", id, null],
      ["dead", id, null],
    ]);
    await feed.return(undefined);
  });

  rule("a listener may ask for some types and kinds only", async (bed) => {
    const feed = await follow(bed, { kinds: ["enqueued"], types: ["report", "custom"] });
    await bed.add();
    const { id } = await bed.queue.enqueue("report", { n: 1 });
    await bed.queue.completeJob(await bed.claim("worker-1", { types: ["report"] }));
    const last = await bed.queue.enqueue("report", { n: 2 });
    expect(facts(await take(feed, 2))).toEqual([
      ["enqueued", id, null],
      ["enqueued", last.id, null],
    ]);
    await feed.return(undefined);
  });

  rule("a signal ends the iteration, which throws nothing", async (bed) => {
    const controller = new AbortController();
    const feed = await follow(bed, { signal: controller.signal });
    await bed.add();
    expect(await take(feed, 1)).toHaveLength(1);
    const next = take(feed, 1);
    controller.abort(new Error("enough"));
    expect(await next).toEqual([]);
    expect(await feed.next()).toEqual({ value: undefined, done: true });
    const late = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = { signal: late.signal, pollMs: 10_000, onListening: resolve };
    const idle = bed.queue.events(asked).next();
    await promise;
    late.abort();
    expect(await idle).toEqual({ value: undefined, done: true });
  });

  rule("what was rolled back is not told", async (bed) => {
    const feed = await follow(bed);
    const undone = bed.store.transaction(async (tx) => {
      await bed.queue.enqueue("mail", { n: 1 }, { tx });
      throw new Error("changed my mind");
    });
    await expect(undone).rejects.toThrow("changed my mind");
    const { id } = await bed.add();
    expect(facts(await take(feed, 1))).toEqual([["enqueued", id, null]]);
    await feed.return(undefined);
  });

  rule("a kind that there is none of is refused, as nobody would ever hear of it", async (bed) => {
    const feed = bed.queue.events({ kinds: ["dead", "died" as never], signal: AbortSignal.timeout(1_000) });
    await expect(feed.next()).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringMatching(/^kinds may hold enqueued, .*cancelled, got "died"$/),
    });
  });

  rule(
    "when the last listener has gone nothing is recorded; one that died is forgotten in time",
    async (bed) => {
      const { store, clock } = bed;
      const { last } = await store.listen({ id: "one", forMs: 1_000 });
      await store.listen({ id: "two", forMs: 5_000 });
      await bed.add();
      expect((await store.events(last, 10)).events).toHaveLength(1);
      clock.advance(2_000);
      await store.checkpoint();
      expect((await store.listen({ id: "two", forMs: 5_000 })).isNew).toBe(false);
      await store.unlisten("two");
      await bed.add();
      expect(await store.events(last, 10)).toEqual({ events: [], missed: 0, last });
      const again = await store.listen({ id: "one", forMs: 1_000 });
      expect(again.isNew).toBe(true);
      expect(again.last).toBeGreaterThan(last);
      const { id } = await bed.add();
      expect((await store.events(again.last, 10)).events).toMatchObject([{ kind: "enqueued", jobId: id }]);
    },
  );
}
