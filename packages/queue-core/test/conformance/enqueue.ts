import { expect } from "vitest";
import { PRIORITY } from "../../src/priority.ts";
import { MAX_DELAY_MS } from "../../src/retry-policy.ts";
import { newJob } from "./new-jobs.ts";
import type { Rule } from "./store-conformance.ts";

export function enqueueRules(rule: Rule): void {
  rule("R2: an enqueued job is stored as it is returned", async ({ store, queue, clock }) => {
    const { deduplicated, ...job } = await queue.enqueue(
      "mail",
      { n: 7 },
      { workflowId: "wf-1", detached: true },
    );
    expect(deduplicated).toBe(false);
    expect(job).toMatchObject({
      type: "mail",
      payload: { n: 7 },
      status: "pending",
      attempts: 0,
      lastError: null,
    });
    expect(job).toMatchObject({ workflowId: "wf-1", detached: true, completedAt: null, result: null });
    expect(job.createdAt).toEqual(new Date(clock.now()));
    expect(await store.getJob(job.id)).toEqual(job);
  });

  rule(
    "R5: a job has five attempts and NORMAL priority unless its type or its caller says otherwise",
    async (bed) => {
      expect(PRIORITY.NORMAL).not.toBe(0);
      expect(await bed.add()).toMatchObject({ maxAttempts: 5, priority: PRIORITY.NORMAL });
      expect(await bed.queue.enqueue("fragile", { n: 1 })).toMatchObject({ maxAttempts: 1 });
      const asked = await bed.add({ maxAttempts: 2, priority: PRIORITY.CRITICAL });
      expect(asked).toMatchObject({ maxAttempts: 2, priority: 20 });
    },
  );

  rule(
    "R4: a payload its schema refuses is not stored, and the caller gets the fields",
    async ({ queue, database }) => {
      const before = await database.dump();
      // @ts-expect-error: the compiler refuses it too
      const refused = queue.enqueue("mail", { n: "seven" });
      await expect(refused).rejects.toMatchObject({
        code: "PAYLOAD_INVALID",
        issues: [{ field: "n", message: expect.stringContaining("number") }],
      });
      expect(await database.dump()).toEqual(before);
    },
  );

  rule("R2: many jobs are stored together, in their order", async ({ queue, store }) => {
    const jobs = await queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(jobs.map((job) => job.payload)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    const { items } = await store.listJobs({ limit: 10 });
    expect(items.map((job) => job.id)).toEqual(jobs.map((job) => job.id).reverse());
    expect(await queue.enqueueMany("mail", [])).toEqual([]);
  });

  rule("R2: callers who come together get each its own job, whatever sets it apart", async (bed) => {
    const { queue, store, clock } = bed;
    const jobs = await Promise.all([
      bed.add(),
      bed.add({ priority: PRIORITY.LOW, maxAttempts: 2, workflowId: "wf-1", detached: true }),
      bed.add({ delayMs: 60_000 }),
      bed.add({ expireAfterMs: 5_000 }),
      queue.enqueue("report", { n: 5 }, { durability: "normal" }),
      queue.enqueueMany("mail", [{ n: 6 }, { n: 7 }]),
      bed.add({ uniqueKey: "one" }),
      bed.add({ uniqueKey: "one" }),
    ]);
    const all = jobs.flat();
    expect(all.map(({ deduplicated }) => deduplicated)).toEqual([...Array(8).fill(false), true]);
    expect(all[8]?.id).toBe(all[7]?.id);
    for (const { deduplicated: _, ...job } of all) expect(await store.getJob(job.id)).toEqual(job);
    expect(all[1]).toMatchObject({ priority: 0, maxAttempts: 2, workflowId: "wf-1", detached: true });
    expect(all[2]).toMatchObject({ status: "scheduled", scheduledAt: new Date(clock.now() + 60_000) });
    clock.advance(5_001);
    expect((await queue.dequeueBatch("worker-1", 10)).map(({ id }) => id)).not.toContain(all[3]?.id);
    expect(await bed.states(all[3]?.id ?? "")).toEqual(["failed"]);
  });

  rule("R2: one caller's error fails no other who comes with it", async (bed) => {
    const orphan = { dependsOn: ["00000000000-0000000000ff"] };
    const ends = await Promise.allSettled([bed.add(), bed.add(orphan), bed.add(), bed.add(orphan)]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
    for (const end of ends)
      if (end.status === "rejected") expect(end.reason).toMatchObject({ code: "JOB_DEPENDENCY_INVALID" });
    expect((await bed.store.listJobs({ limit: 10 })).items).toHaveLength(2);
  });

  rule("R2: of many jobs with settings of their own each has its own outcome", async (bed) => {
    const { queue, store, clock } = bed;
    const held = await bed.add({ uniqueKey: "held" });
    const results = await queue.enqueueEach("mail", [
      { payload: { n: 1 }, priority: PRIORITY.HIGH },
      { payload: { n: "two" } as never },
      { payload: { n: 3 }, uniqueKey: "held" },
      { payload: { n: 4 }, priority: 1_000 },
      { payload: { n: 5 }, delayMs: 1_000 },
      { payload: { n: 6 }, runAt: new Date(clock.now() + 400 * 24 * 60 * 60_000) },
    ]);
    expect(results.map(({ outcome }) => outcome)).toEqual([
      "added",
      "refused",
      "deduplicated",
      "refused",
      "added",
      "refused",
    ]);
    const [first, second, third, fourth, fifth, sixth] = results;
    expect(first).toMatchObject({ job: { payload: { n: 1 }, priority: PRIORITY.HIGH, status: "pending" } });
    expect(second).toMatchObject({ error: { code: "PAYLOAD_INVALID", issues: [{ field: "n" }] } });
    expect(third).toMatchObject({ job: { id: held.id, payload: { n: 1 } } });
    expect(fourth).toMatchObject({ error: { code: "OPTION_INVALID" } });
    expect(sixth).toMatchObject({ error: { code: "OPTION_INVALID" } });
    expect(fifth).toMatchObject({ job: { status: "scheduled", scheduledAt: new Date(clock.now() + 1_000) } });
    expect((await store.listJobs({ limit: 10 })).items).toHaveLength(3);
    expect(await queue.enqueueEach("mail", [])).toEqual([]);
    const unknown = queue.enqueueEach("nobody" as "mail", [{ payload: { n: 8 } }]);
    await expect(unknown).rejects.toMatchObject({ code: "JOB_TYPE_UNKNOWN" });
  });

  rule("R2: of many jobs only those whose parents are not there are refused", async (bed) => {
    const { queue, store } = bed;
    const parent = (await bed.add()).id;
    const item = (n: number, ...dependsOn: string[]) => ({ payload: { n }, dependsOn });
    const items = [item(1), item(2, parent, "0-0"), item(3, parent), item(4, "gone"), null as never];
    const results = await queue.enqueueEach("mail", items);
    expect(results.map(({ outcome }) => outcome)).toEqual([
      "added",
      "refused",
      "added",
      "refused",
      "refused",
    ]);
    expect(results[1]).toMatchObject({
      error: { code: "JOB_DEPENDENCY_INVALID", unknownIds: ["0-0", "gone"] },
    });
    expect(results[2]).toMatchObject({ job: { status: "waiting" } });
    expect(results[4]).toMatchObject({ error: { code: "OPTION_INVALID" } });
    expect((await store.listJobs({ limit: 10 })).items).toHaveLength(3);
    const inside = await store.transaction((tx) =>
      queue.enqueueEach("mail", [item(5, "0-0"), item(6)], { tx }),
    );
    expect(inside.map(({ outcome }) => outcome)).toEqual(["refused", "added"]);
    const orphans = queue.enqueueMany("mail", [{ n: 7 }], { dependsOn: ["0-0"] });
    await expect(orphans).rejects.toMatchObject({ code: "JOB_DEPENDENCY_INVALID" });
  });

  rule("R4: one invalid payload among many stores none", async ({ queue, database }) => {
    const before = await database.dump();
    await expect(queue.enqueueMany("mail", [{ n: 1 }, { n: Number.NaN }])).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      message: expect.stringMatching(/^payloads\[1\]: Payload of "mail" is invalid: n: /),
    });
    expect(await database.dump()).toEqual(before);
  });

  rule("R2: ids sort in the order of enqueueing, also after the clock was set back", async (bed) => {
    const ids = [(await bed.add()).id, (await bed.add()).id];
    bed.clock.advance(1);
    ids.push((await bed.add()).id);
    bed.clock.setWall(bed.clock.now() - 3_600_000);
    ids.push((await bed.add()).id);
    await bed.finish(await bed.claim(), { verb: "complete", result: null }, { followUps: [newJob()] });
    ids.push((await bed.store.listJobs({ limit: 1 })).items[0]?.id ?? "");
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(5);
  });

  rule("R4: an unknown type is refused", async ({ queue, database }) => {
    const before = await database.dump();
    // @ts-expect-error: the compiler refuses it too
    await expect(queue.enqueue("mial", { n: 1 })).rejects.toMatchObject({ code: "JOB_TYPE_UNKNOWN" });
    expect(await database.dump()).toEqual(before);
  });

  for (const [what, settings] of Object.entries({
    "a priority above 100": { priority: 101 },
    "a priority below -100": { priority: -101 },
    "a broken priority": { priority: 1.5 },
    "no attempts": { maxAttempts: 0 },
    "a negative delay": { delayMs: -1 },
    "a delay that is no number": { delayMs: Number.NaN },
    "a delay of more than a year": { delayMs: MAX_DELAY_MS + 1 },
    "an empty unique key": { uniqueKey: "" },
    "a unique key of 513 characters": { uniqueKey: "k".repeat(513) },
    "a unique key with half of a surrogate pair": { uniqueKey: "order-\ud83d" },
  })) {
    rule(`R11: ${what} is refused and nothing is stored`, async (bed) => {
      const before = await bed.database.dump();
      await expect(bed.add(settings)).rejects.toMatchObject({ code: "OPTION_INVALID" });
      expect(await bed.database.dump()).toEqual(before);
    });
  }
}
