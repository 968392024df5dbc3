import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Finish } from "../../src/store.ts";
import type { TestClaim } from "../conformance/test-bed.ts";
import { RecordingStore } from "./recording-store.ts";

// What a job costs, counted and not timed: a statement more per job, or a commit more per batch, shows here.

let bed: RecordingStore;
beforeEach(async () => {
  bed = await RecordingStore.open();
});
afterEach(() => bed.close());

const payloads = (count: number): { readonly n: number }[] =>
  Array.from({ length: count }, (_, n) => ({ n }));
const claim = (limit: number): Promise<readonly TestClaim[]> => bed.queue.dequeueBatch("worker-1", limit);
const completeAll = (jobs: readonly TestClaim[]): Promise<unknown> =>
  Promise.all(jobs.map((job) => bed.store.finish([completed(job)])));

function completed(job: TestClaim): Finish {
  return { job, verdict: { verb: "complete", result: null }, followUps: [], effects: [] };
}

interface Count {
  /** Transactions that took the write lock. */
  readonly begun: number;
  readonly committed: number;
  /** All statements, those two included. */
  readonly statements: number;
}

async function count(verb: () => Promise<unknown>): Promise<Count> {
  const statements = await bed.statementsOf(verb);
  const of = (sql: string): number => statements.filter((each) => each === sql).length;
  return { begun: of("BEGIN IMMEDIATE"), committed: of("COMMIT"), statements: statements.length };
}

describe("what is added", () => {
  it("one job: its two rows in one transaction", async () => {
    const once = await count(() => bed.queue.enqueue("mail", { n: 1 }));
    expect(once).toEqual({ begun: 1, committed: 1, statements: 4 });
  });

  it("a thousand: no statement per job", async () => {
    const many = await count(() => bed.queue.enqueueMany("mail", payloads(1_000)));
    // Fifty of twenty rows each, one that puts all into the line, and six that count them in.
    expect(many).toEqual({ begun: 1, committed: 1, statements: 59 });
  });

  it("R18: two hundred and fifty-six, one by one: counted in once", async () => {
    const statements = await bed.statementsOf(async () => {
      for (const each of payloads(256)) await bed.queue.enqueue("mail", each);
    });
    expect(statements.filter((sql) => /counted_in|job_count|minute_stat/.test(sql))).toHaveLength(6);
  });

  it("a hundred callers at once: one commit", async () => {
    const callers = await count(() =>
      Promise.all(payloads(100).map((each) => bed.queue.enqueue("mail", each))),
    );
    // As if one caller had brought them all.
    expect(callers).toEqual({ begun: 1, committed: 1, statements: 8 });
  });

  it("more callers than that: in parts, so that nobody holds the lock for all of them", async () => {
    const callers = await count(() =>
      Promise.all(payloads(1_200).map((each) => bed.queue.enqueue("mail", each))),
    );
    expect(callers).toMatchObject({ begun: 3, committed: 3 });
  });
});

describe("what a batch costs", () => {
  it("claiming a hundred takes as many statements as claiming ten", async () => {
    await bed.queue.enqueueMany("mail", payloads(110));
    const ten = await count(() => claim(10));
    const hundred = await count(() => claim(100));
    expect(ten).toMatchObject({ begun: 1, committed: 1 });
    // The ageing share looks for the job that has waited longest once in sixteen claims.
    expect(hundred.statements - ten.statements).toBeLessThanOrEqual(bed.queue.catalog.size + 1);
  });

  it("completing a hundred takes as many statements as completing ten, in one commit", async () => {
    await bed.queue.enqueueMany("mail", payloads(110));
    const [few, many] = [await claim(10), await claim(100)];
    const ten = await count(() => completeAll(few));
    const hundred = await count(() => completeAll(many));
    expect(hundred).toEqual(ten);
    expect(hundred).toMatchObject({ begun: 1, committed: 1 });
  });

  it("what has ended and what is claimed in the same turn share one commit", async () => {
    await bed.queue.enqueueMany("mail", payloads(40));
    const ended = await claim(20);
    let next: readonly TestClaim[] = [];
    const both = await count(async () => {
      const ending = completeAll(ended);
      next = await claim(20);
      await ending;
    });
    expect(both).toMatchObject({ begun: 1, committed: 1 });
    expect(next).toHaveLength(20);
  });

  it("R12: pauses and limits cost a claim one statement, and an end none, where there are none", async () => {
    await bed.queue.enqueueMany("mail", payloads(20));
    const statements = await bed.statementsOf(async () => completeAll(await claim(10)));
    const asked = statements.filter((sql) => /job_limit|\bpause\b/.test(sql));
    // Once to look ahead, once under the lock.
    expect(asked).toHaveLength(2);
  });

  it("R12: jobs whose key is at its limit cost a claim nothing, however many they are", async () => {
    await bed.queue.setLimit("mail", { perKey: { concurrency: 1 } });
    const addAndClaim = async (gated: number): Promise<Count> => {
      await bed.queue.enqueueMany("mail", payloads(gated), { limitKey: "busy", priority: 90 });
      await claim(10);
      await bed.queue.enqueueMany("report", payloads(10));
      return count(() => claim(10));
    };
    const few = await addAndClaim(10);
    const many = await addAndClaim(3_000);
    // But for the look for the job that has waited longest, once in sixteen claims.
    expect(many.statements - few.statements).toBeLessThanOrEqual(bed.queue.catalog.size + 1);
    // One that has room among them is found at once.
    await bed.queue.enqueue("mail", { n: 1 }, { limitKey: "idle" });
    expect(await claim(10)).toHaveLength(1);
  });

  it("a claim of nothing begins no transaction", async () => {
    expect(await count(() => claim(10))).toMatchObject({ begun: 0, committed: 0 });
  });
});
