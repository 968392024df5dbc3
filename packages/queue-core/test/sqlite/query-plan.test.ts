import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { defineJob } from "../../src/define.ts";
import { createQueue } from "../../src/queue.ts";
import { headsSql } from "../../src/sqlite/claim.ts";
import { expiredSql } from "../../src/sqlite/expire.ts";
import { planOnce } from "../../src/sqlite/plan-once.ts";
import type { SqliteStore } from "../../src/sqlite/sqlite-store.ts";
import type { FakeClock } from "../../src/testing/index.ts";
import type { TestQueue } from "../conformance/test-bed.ts";
import type { AppTables } from "../conformance/test-database.ts";
import type { RecordingConnection } from "./recording-connection.ts";
import { RecordingStore } from "./recording-store.ts";

let bed: RecordingStore;
let connections: readonly RecordingConnection[];
let clock: FakeClock;
let store: SqliteStore<AppTables>;
let queue: TestQueue;

beforeEach(async () => {
  bed = await RecordingStore.open();
  ({ connections, clock, store, queue } = bed);
});
afterEach(() => bed.close());

/** Parts of a plan that read through results, bound lists or single rows, not through tables that grow. */
const HARMLESS_SCAN = new RegExp(
  "^SCAN (?:jobs|workflow_jobs|lease_counter|counted_in|pause|job_limit|limit_share|key_gate|" +
    String.raw`\(subquery-\d+\)|(?:json_each|e) VIRTUAL TABLE INDEX 1:)$`,
);

/** Runs a verb and returns what it did that gets slower as tables grow: a scan, or the sorting of what was found. */
async function slowSteps(verb: () => Promise<unknown>): Promise<string[]> {
  const statements = new Set(await bed.statementsOf(verb));
  expect(statements.size, "the verb ran no statement").toBeGreaterThan(0);
  const explained = [...statements].filter((sql) => !/^(?:BEGIN|COMMIT|ROLLBACK)/.test(sql));
  return explained.flatMap((sql) => {
    const slow = connections[0]
      ?.planOf(sql)
      .filter((line) => line.startsWith("SCAN") && !HARMLESS_SCAN.test(line));
    return (slow ?? []).map((line) => `${line}: ${sql}`);
  });
}

it("no statement on a job's way is planned anew for each value that is bound", async () => {
  await queue.enqueue("mail", { n: 1 }, { uniqueKey: "once" });
  await queue.enqueueMany(
    "mail",
    Array.from({ length: 20 }, (_, n) => ({ n })),
  );
  const claimed = await queue.dequeueBatch("worker-1", 20);
  await Promise.all(claimed.map((job) => queue.completeJob(job)));
  await store.promoteDue();
  const ran = connections.flatMap(({ statements }) => statements);
  expect(ran.filter((sql) => sql.includes("+?")).length).toBeGreaterThan(10);
  expect(ran.filter((sql) => /(?:[=<>]|LIMIT) \?/.test(sql))).toEqual([]);
});

it("B4: the list of groups is a search of each line, and a look at what runs", async () => {
  await queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }], { groupKey: "tenant" });
  await queue.dequeue("worker-1");
  const slow = await slowSteps(() => store.groups());
  // Its second search, and the weights in their order: none of them goes further than its LIMIT.
  const isBounded = (step: string): boolean => /^SCAN (?:running|group_weight|h)\b/.test(step);
  expect(slow.filter((step) => !isBounded(step))).toEqual([]);
});

it("R16: a batch that gathers costs a search of its lines and of each of its jobs", async () => {
  await queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
  const batch = { lines: ["mail"], size: 3, lingerMs: 60_000 };
  expect(await slowSteps(() => store.untilGathered(batch))).toEqual([]);
  const request = { workerId: "worker-1", leaseMs: 30_000, limit: 3, types: ["mail" as const] };
  expect(await slowSteps(() => queue.claim({ ...request, lingerMs: 60_000 }))).toEqual([]);
});

describe("R1: the claim", () => {
  it("Exercise: the claim's query plan uses the index: for one type a search, and its rows by number", () => {
    expect(connections[0]?.planOf(headsSql(1))).toEqual([
      "SEARCH r USING PRIMARY KEY (type=?)",
      "SEARCH j USING INTEGER PRIMARY KEY (rowid=?)",
    ]);
  });

  it.each([2, 3, 8])("over %i types is as many searches and a merge", (types) => {
    const plan = connections[0]?.planOf(headsSql(types)) ?? [];
    const count = (pattern: RegExp): number => plan.filter((line) => pattern.test(line)).length;
    expect(count(/^SEARCH r USING PRIMARY KEY \(type=\?\)$/)).toBe(types);
    expect(count(/^MERGE \(UNION ALL\)$/)).toBe(types - 1);
    expect(count(/SCAN|TEMP B-TREE/)).toBe(0);
  });
});

describe("a paused type", () => {
  const touched = (statements: readonly string[]): readonly string[] =>
    statements.filter((sql) => /\bready\b/.test(sql));

  it("costs a claim no row: nothing searches its line", async () => {
    await queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
    await queue.pause("mail");
    const looking = await bed.statementsOf(() => queue.dequeue("worker-1", { types: ["mail"] }));
    expect(touched(looking)).toEqual([]);
    expect(looking.filter((sql) => sql.startsWith("BEGIN"))).toEqual([]);
  });

  it("is left out where other types are claimed", async () => {
    await queue.enqueue("mail", { n: 1 });
    await queue.enqueue("report", { n: 2 });
    await queue.pause("mail");
    const claiming = await bed.statementsOf(() => queue.dequeue("worker-1", { types: ["mail", "report"] }));
    expect(claiming).toContain(planOnce(headsSql(1)));
    expect(claiming).not.toContain(planOnce(headsSql(2)));
  });

  it("is resumed without a count of its backlog to the end", async () => {
    await queue.pause("mail");
    expect(await slowSteps(() => queue.resume("mail"))).toEqual([]);
  });
});

describe("jobs with a payload that a worker cannot read", () => {
  const payload = z.object({ n: z.number() });
  const newer = defineJob("mail", { payload, version: 2, upcasters: { 1: (older: object) => older } });

  it("cost its claim no row and no transaction, however many they are", async () => {
    const later = createQueue({ store, jobs: [newer], clock });
    await later.enqueueMany("mail", [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
    const looking = await bed.statementsOf(async () => {
      expect(await queue.dequeue("worker-1")).toBeNull();
    });
    expect(looking.filter((sql) => sql.startsWith("BEGIN"))).toEqual([]);
    await queue.enqueue("mail", { n: 5 });
    expect(await slowSteps(() => queue.dequeueBatch("worker-1", 10))).toEqual([]);
  });

  it("and many versions are as many searches as types would be", async () => {
    const versions = createQueue({ store, jobs: [newer], clock });
    await versions.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
    const claiming = await bed.statementsOf(() => versions.dequeue("worker-1"));
    expect(claiming).toContain(planOnce(headsSql(2)));
  });

  it("ring idle workers when a type is resumed, line by line and without a scan", async () => {
    const later = createQueue({ store, jobs: [newer], clock });
    await later.enqueue("mail", { n: 1 });
    await queue.pause("mail");
    expect(await slowSteps(() => queue.resume("mail"))).toEqual([]);
  });
});

describe("R12: a type that may not be claimed now", () => {
  it.each([{ concurrency: 1 }, { rate: { limit: 1, periodMs: 1_000 } }])(
    "costs a claim no row of its backlog: %o",
    async (limit) => {
      await queue.setLimit("mail", limit);
      await queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
      await queue.dequeue("worker-1", { types: ["mail"] });
      const looking = await bed.statementsOf(() => queue.dequeue("worker-1", { types: ["mail"] }));
      expect(looking.filter((sql) => /\bready\b|^BEGIN/.test(sql))).toEqual([]);
    },
  );

  it("is found without a scan of anything but what runs", async () => {
    await queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
    await queue.setLimit("mail", { concurrency: 1, rate: { limit: 1, periodMs: 1_000 } });
    const slow = await slowSteps(() => queue.dequeue("worker-1"));
    expect(slow.filter((step) => !step.startsWith("SCAN running:"))).toEqual([]);
  });
});

describe("R17: what has expired", () => {
  it.each([1, 2, 8])("of %i types is found by as many searches of what can expire", (types) => {
    const plan = connections[0]?.planOf(expiredSql(types)) ?? [];
    const search = /^SEARCH ready USING INDEX ready_by_expiry \(type=\? AND expires_at<\?\)$/;
    expect(plan.filter((line) => search.test(line))).toHaveLength(types);
    expect(plan.filter((line) => /SCAN|TEMP B-TREE/.test(line))).toEqual([]);
  });

  it("is given up without a scan, by a claim and by a look at all types", async () => {
    for (const giveUp of [
      () => queue.dequeue("worker-1", { types: ["fleeting"] }),
      () => queue.expireJobs(),
    ]) {
      const { id } = await queue.enqueue("fleeting", { n: 1 });
      await queue.enqueue("mail", { n: 1 }, { dependsOn: [id] });
      clock.advance(10_000);
      expect(await slowSteps(giveUp)).toEqual([]);
      expect((await store.getJob(id))?.status).toBe("failed");
    }
  });
});

it("R1: a view of jobs by workflow or by row is searches in every state, and the sorting of what was found", () => {
  for (const sql of [
    "SELECT * FROM workflow_jobs WHERE workflow_id = ? ORDER BY seq",
    "SELECT * FROM jobs WHERE seq = ?",
  ]) {
    const plan = connections[0]?.planOf(sql) ?? [];
    expect(plan.filter((line) => line.startsWith("SCAN") && !HARMLESS_SCAN.test(line))).toEqual([]);
    expect(
      plan.filter((line) => /^SEARCH [jd] USING (?:INDEX job_by_workflow|INTEGER PRIMARY KEY)/.test(line))
        .length,
    ).toBeGreaterThanOrEqual(5);
  }
});

it("R1: nothing a job goes through scans a table", async () => {
  const { id } = await queue.enqueue("fragile", { n: 1 }, { workflowId: "wf-1" });
  const child = await queue.enqueue("mail", { n: 1 }, { dependsOn: [id] });
  const claim = async (): Promise<Parameters<TestQueue["completeJob"]>[0]> => {
    const claimed = await queue.dequeue("worker-1");
    if (!claimed) throw new Error("There is nothing to claim");
    return claimed;
  };
  const verbs: Record<string, () => Promise<unknown>> = {
    enqueue: () => queue.enqueue("mail", { n: 1 }, { priority: -1 }),
    "enqueue with a unique key": () => queue.enqueue("mail", { n: 1 }, { uniqueKey: "k", delayMs: 1_000 }),
    "enqueue again": () => queue.enqueue("mail", { n: 1 }, { uniqueKey: "k", dependsOn: [id] }),
    "enqueue a child": () => queue.enqueue("mail", { n: 1 }, { dependsOn: [id, child.id] }),
    claim: async () => queue.failJob(await claim(), new Error("no luck")),
    revive: async () => {
      const [dead] = (await store.listDeadLetters({ limit: 1 })).items;
      await store.revive(dead?.id ?? "");
    },
    "record a step": async () => {
      const claimed = await claim();
      await store.recordStep(claimed, "charge", "1");
      await store.readStep(claimed, "charge");
      await queue.completeJob(claimed);
    },
    retry: async () => queue.failJob(await claim(), new Error("no luck")),
    promote: async () => {
      clock.advance(60_000);
      await store.promoteDue();
    },
    cancel: () => store.cancel(child.id),
    "look for cancel requests": () => store.cancelRequests("worker-1"),
    "get a job": () => store.getJob(id),
    "look at a workflow": () => store.workflowJobs("wf-1"),
    "look at attempts": () => store.attempts(child.id),
    "list by workflow": () => store.listJobs({ limit: 10, workflowId: "wf-1" }),
    "list all": () => store.listJobs({ limit: 10 }),
    "list completed jobs": () => store.listJobs({ limit: 10, status: "completed" }),
  };
  for (const [name, verb] of Object.entries(verbs)) expect(await slowSteps(verb), name).toEqual([]);
});

it("R18: a page of a long state is found without sorting all of it", async () => {
  const payloads = Array.from({ length: 2_500 }, (_, n) => ({ n }));
  await queue.enqueueMany("mail", payloads);
  await queue.enqueueMany("report", payloads, { delayMs: 60_000 });
  for (const [status, type, n] of [
    ["pending", "mail", 2_499],
    ["scheduled", "report", 2_499],
  ] as const) {
    const query = { limit: 2, status, type };
    const slow = await slowSteps(() => store.listJobs(query));
    // To know that it is long, the index is read that far.
    expect(slow.filter((step) => !step.includes("LIMIT 1 OFFSET 2000"))).toEqual([]);
    const first = await store.listJobs(query);
    expect(first.items).toMatchObject([
      { status, payload: { n } },
      { status, payload: { n: n - 1 } },
    ]);
    const second = await store.listJobs({ ...query, cursor: first.nextCursor ?? "" });
    expect(second.items.map((job) => job.payload)).toEqual([{ n: n - 2 }, { n: n - 3 }]);
  }
});

it("what runs tell is stored, read and forgotten by number", async () => {
  const { id } = await queue.enqueue("fragile", { n: 1 });
  const [job] = await queue.dequeueBatch("worker-1", 1);
  if (!job) throw new Error("nothing could be claimed");
  const report = { progress: "1", log: '"a line"', logBytesCut: 0 };
  expect(await slowSteps(() => store.report([{ job, report }]))).toEqual([]);
  expect(await slowSteps(() => store.reports(id))).toEqual([]);
  const finish = { job, report, followUps: [], effects: [] } as const;
  expect(await slowSteps(() => store.finish([{ ...finish, verdict: { verb: "handBack" } }]))).toEqual([]);
});

it("R20: pruning looks at old jobs alone", async () => {
  await queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }, { n: 3 }], { workflowId: "wf-1" });
  const report = { progress: "1", log: '"a line"', logBytesCut: 0 };
  for (const job of await queue.dequeueBatch("worker-1", 2))
    await store.finish([
      { job, report, verdict: { verb: "complete", result: null }, followUps: [], effects: [] },
    ]);
  await queue.enqueue("fragile", { n: 1 });
  for (const job of await queue.dequeueBatch("worker-1", 9)) await queue.failJob(job, new Error("no luck"));
  await queue.enqueue("mail", { n: 4 });
  clock.advance(1_000);
  await queue.registerCron("mail", { everyMs: 1_000 }, { payload: { n: 1 } });
  clock.advance(1_000);
  await queue.runDueCronJobs();
  expect(await slowSteps(() => store.prune({ keepMs: 0, deadMs: 0, logMs: 0 }))).toEqual([]);
});
