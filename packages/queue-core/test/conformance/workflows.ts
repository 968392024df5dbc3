import { sql } from "kysely";
import { expect } from "vitest";
import { newJob } from "./new-jobs.ts";
import type { Rule } from "./store-conformance.ts";

export function workflowRules(rule: Rule): void {
  rule(
    "R14: a workflow begins with its first job and has an id of its own",
    async ({ queue, store, clock }) => {
      const ids = [await queue.startWorkflow("mail", { n: 1 })];
      clock.advance(1);
      ids.push(await queue.startWorkflow("mail", { n: 2 }));
      expect(ids).toEqual([expect.stringMatching(/^wf-/), expect.stringMatching(/^wf-/)]);
      expect(await store.workflowJobs(ids[0] ?? "")).toMatchObject([{ type: "mail", workflowId: ids[0] }]);
      expect(await queue.startWorkflow("mail", { n: 3 }, { workflowId: "wf-mine" })).toBe("wf-mine");
    },
  );

  rule(
    "R14: one query tells all jobs of a workflow in the order of creation, dead ones as failed",
    async (bed) => {
      const workflowId = await bed.queue.startWorkflow("mail", { n: 1 });
      await bed.add({ workflowId: "wf-other" });
      const parent = await bed.queue.enqueue("report", { n: 1 }, { workflowId, delayMs: 1_000 });
      await bed.queue.enqueue("report", { n: 2 }, { workflowId, dependsOn: [parent.id] });
      await bed.finish(
        await bed.claim(),
        { verb: "complete", result: null },
        { followUps: [newJob({ workflowId })] },
      );
      await bed.addDead({ workflowId, priority: 50 });
      const { id: cancelled } = await bed.queue.enqueue("fixed", { n: 1 }, { workflowId });
      await bed.store.cancel(cancelled);
      await bed.queue.enqueue("custom", { n: 1 }, { workflowId, priority: 99 });
      await bed.claim();

      const jobs = await bed.store.workflowJobs(workflowId);
      expect(jobs.map(({ type, status }) => [type, status])).toEqual([
        ["mail", "completed"],
        ["report", "scheduled"],
        ["report", "waiting"],
        ["mail", "pending"],
        ["fragile", "failed"],
        ["fixed", "cancelled"],
        ["custom", "processing"],
      ]);
      expect(jobs.map((job) => job.id).toSorted()).toEqual(jobs.map((job) => job.id));
      for (const job of jobs) expect(await bed.store.getJob(job.id)).toEqual(job);

      const rows = await sql<{ id: string; status: string }>`
      SELECT id, status FROM workflow_jobs WHERE workflow_id = ${workflowId} ORDER BY created_at, id`.execute(
        bed.store.read,
      );
      expect(rows.rows).toEqual(jobs.map(({ id, status }) => ({ id, status })));
      expect(await bed.store.workflowJobs("wf-nobody")).toEqual([]);
    },
  );

  rule("R14: a workflow is cancelled though its last job has completed all the same", async (bed) => {
    const workflowId = await bed.queue.startWorkflow("mail", { n: 1 });
    const running = await bed.claim();
    await bed.queue.cancelWorkflow(workflowId);
    await bed.queue.completeJob(running);
    expect(await bed.queue.workflow(workflowId)).toMatchObject({
      status: "cancelled",
      byStatus: { completed: 1 },
    });
  });

  rule("R14: a workflow of nothing but detached jobs waits for none, and is all done", async (bed) => {
    await bed.add({ workflowId: "wf-1", detached: true });
    expect(await bed.queue.workflow("wf-1")).toMatchObject({ status: "completed", total: 0, progress: 1 });
  });

  rule("R14: fan-out and fan-in: the last step runs when all branches are done", async (bed) => {
    const workflowId = await bed.queue.startWorkflow("mail", { n: 1 });
    const [start] = await bed.store.workflowJobs(workflowId);
    const branches = await bed.queue.enqueueMany("report", [{ n: 1 }, { n: 2 }, { n: 3 }], {
      workflowId,
      dependsOn: [start?.id ?? ""],
    });
    const last = await bed.queue.enqueue(
      "fixed",
      { n: 1 },
      { workflowId, dependsOn: branches.map(({ id }) => id) },
    );
    await bed.queue.completeJob(await bed.claim());
    for (const claimed of await bed.queue.dequeueBatch("worker-1", 3)) {
      expect(await bed.states(last.id)).toEqual(["waiting"]);
      await bed.queue.completeJob(claimed);
    }
    expect((await bed.claim()).id).toBe(last.id);
  });

  rule(
    "R14: a failed step stops what depends on it; with conditional chaining the rest goes on",
    async (bed) => {
      const workflowId = await bed.queue.startWorkflow("fragile", { n: 1 });
      const [first] = await bed.store.workflowJobs(workflowId);
      const jobId = first?.id ?? "";
      const plain = await bed.add({ workflowId, dependsOn: [jobId] });
      const conditional = await bed.add({ workflowId, dependsOn: [{ jobId, whenDead: "continue" }] });
      await bed.queue.failJob(await bed.claim(), new Error("no luck"));
      expect(await bed.states(plain.id, conditional.id)).toEqual(["cancelled", "pending"]);
    },
  );

  rule("R14: jobs are found by state, type and workflow, newest first, page by page", async (bed) => {
    const added: string[] = [];
    for (const n of [1, 2, 3, 4, 5]) {
      const type = n % 2 ? "mail" : "report";
      added.unshift((await bed.queue.enqueue(type, { n }, { workflowId: n > 2 ? "wf-1" : null })).id);
    }
    const { id: scheduled } = await bed.queue.enqueueDelayed("mail", { n: 6 }, 1_000);
    const { jobId: dead } = await bed.addDead();
    const query = async (filter: Parameters<typeof bed.store.listJobs>[0]): Promise<string[]> =>
      (await bed.store.listJobs(filter)).items.map((job) => job.id);
    expect(await query({ limit: 9, status: "pending" })).toEqual(added);
    expect(await query({ limit: 9, status: "scheduled" })).toEqual([scheduled]);
    expect(await query({ limit: 9, status: "failed" })).toEqual([dead]);
    expect(await query({ limit: 9, status: "completed" })).toEqual([]);
    expect(await query({ limit: 9, status: "pending", type: "report" })).toEqual([added[1], added[3]]);
    expect(await query({ limit: 9, workflowId: "wf-1", type: "mail" })).toEqual([added[0], added[2]]);
    const first = await bed.store.listJobs({ limit: 3, status: "pending" });
    const second = await bed.store.listJobs({ limit: 3, status: "pending", cursor: first.nextCursor ?? "" });
    expect([...first.items, ...second.items].map((job) => job.id)).toEqual(added);
    expect(second.nextCursor).toBeNull();
  });

  rule("R26: what is no page is refused, and no list begins anew for it", async ({ store }) => {
    const refused = { code: "OPTION_INVALID" };
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await expect(store.listJobs({ limit })).rejects.toMatchObject(refused);
      await expect(store.listDeadLetters({ limit })).rejects.toMatchObject(refused);
      await expect(store.listDiscarded({ limit })).rejects.toMatchObject(refused);
    }
    for (const cursor of ["", "-", "a b", "1-2-3", "é", "zzzzzzzzzzzzzzzz"]) {
      await expect(store.listJobs({ limit: 1, cursor })).rejects.toMatchObject(refused);
      await expect(store.listDeadLetters({ limit: 1, cursor })).rejects.toMatchObject(refused);
      await expect(store.listDiscarded({ limit: 1, cursor })).rejects.toMatchObject(refused);
    }
    await expect(store.listJobs({ limit: 1, cursor: "1-2" })).rejects.toMatchObject(refused);
    await expect(store.listDeadLetters({ limit: 1, cursor: "1" })).rejects.toMatchObject(refused);
    for (const name of ["failedFrom", "failedBefore"]) {
      const filter = { [name]: new Date(Number.NaN) };
      await expect(store.listDeadLetters({ limit: 1, ...filter })).rejects.toMatchObject(refused);
      await expect(store.reviveMany(filter)).rejects.toMatchObject(refused);
    }
  });
}
