import { expect } from "vitest";
import type { WorkflowSteps } from "../../src/index.ts";
import type { JOB_TYPES } from "./job-types.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

type Steps = WorkflowSteps<typeof JOB_TYPES>;

const DAY_MS = 24 * 60 * 60_000;
const AUDIT = { actor: "ann", action: "discard", subject: "a dead letter", detail: null };

/** `start`, then `left` and `right`, then `end` when both are done. */
const startDiamond = (bed: TestBed) =>
  bed.queue.startWorkflowOf({
    end: { type: "mail", payload: { n: 4 }, after: ["left", "right"] },
    left: { type: "fragile", payload: { n: 2 }, after: "start", priority: 9 },
    right: { type: "report", payload: { n: 3 }, after: "start" },
    start: { type: "mail", payload: { n: 1 } },
  });

async function statesOf(bed: TestBed, workflowId: string): Promise<Readonly<Record<string, string>>> {
  const jobs = await bed.store.workflowJobs(workflowId);
  return Object.fromEntries(jobs.map(({ step, type, status }) => [step ?? type, status]));
}

/** Claims whatever there is and completes it with what it was given as its result. */
async function completeNext(bed: TestBed): Promise<void> {
  const job = await bed.claim();
  await bed.queue.completeJob(job, { was: job.payload });
}

export function workflowStepRules(rule: Rule): void {
  rule("R14: steps are added together, each after those it waits for, under their names", async (bed) => {
    const { workflowId, jobs } = await startDiamond(bed);
    expect(Object.keys(jobs).toSorted()).toEqual(["end", "left", "right", "start"]);
    expect(await statesOf(bed, workflowId)).toEqual({
      start: "pending",
      left: "waiting",
      right: "waiting",
      end: "waiting",
    });
    expect((await bed.store.workflowJobs(workflowId)).map(({ step }) => step)).toEqual([
      "start",
      "left",
      "right",
      "end",
    ]);
    expect(await bed.store.getJob(jobs.left.id)).toMatchObject({ step: "left", priority: 9, workflowId });
  });

  rule("R14: fan-out and fan-in: the last step finds what all branches returned", async (bed) => {
    const { workflowId, jobs } = await startDiamond(bed);
    await completeNext(bed);
    expect(await statesOf(bed, workflowId)).toMatchObject({
      left: "pending",
      right: "pending",
      end: "waiting",
    });
    await completeNext(bed);
    await completeNext(bed);
    expect((await bed.claim()).id).toBe(jobs.end.id);
    expect(await bed.store.parents(jobs.end.id)).toMatchObject([
      { step: "left", status: "completed", result: { was: { n: 2 } } },
      { step: "right", status: "completed", result: { was: { n: 3 } } },
    ]);
    expect(await bed.store.parents(jobs.start.id)).toEqual([]);
    expect(await bed.store.parents("nobody")).toEqual([]);
  });

  rule("R14: a failed step cancels what waits for it, unless that says it goes on", async (bed) => {
    const { workflowId } = await bed.queue.startWorkflowOf({
      first: { type: "fragile", payload: { n: 1 } },
      plain: { type: "mail", payload: { n: 2 }, after: "first" },
      onward: { type: "mail", payload: { n: 3 }, after: { step: "first", whenDead: "continue" } },
      behind: { type: "mail", payload: { n: 4 }, after: ["plain", "onward"] },
    });
    await bed.queue.failJob(await bed.claim(), new Error("no luck"));
    expect(await statesOf(bed, workflowId)).toEqual({
      first: "failed",
      plain: "cancelled",
      onward: "pending",
      behind: "cancelled",
    });
  });

  rule("R15: a step whose key is held is the job that holds it, and says so", async (bed) => {
    const held = await bed.add({ uniqueKey: "k" });
    const mail = { type: "mail", payload: { n: 2 } } as const;
    const steps = { first: { ...mail, uniqueKey: "k" }, next: { ...mail, after: "first" } } as const;
    const { workflowId, jobs } = await bed.queue.startWorkflowOf(steps);
    expect(jobs.first).toMatchObject({ id: held.id, deduplicated: true, workflowId: null });
    expect(jobs.next).toMatchObject({ deduplicated: false, workflowId, status: "waiting" });
    expect(await bed.queue.workflow(workflowId)).toMatchObject({ total: 1 });
    await bed.queue.completeJob(await bed.claim());
    expect(await bed.states(held.id, jobs.next.id)).toEqual(["completed", "pending"]);
    bed.clock.advance(1);
    const nothing = await bed.queue.startWorkflowOf({ only: { ...mail, uniqueKey: "k" } });
    expect(nothing.jobs.only).toMatchObject({ id: held.id, deduplicated: true });
    expect(await bed.queue.workflow(nothing.workflowId)).toBe(null);
  });

  rule("R15: steps that make no workflow are refused, and nothing is stored", async (bed) => {
    const mail = { type: "mail", payload: { n: 1 } } as const;
    const refused: readonly (readonly [Steps, string])[] = [
      [{}, "at least one step"],
      [{ a: { ...mail, after: "b" } }, '"a" waits for "b", but there is no such step'],
      [{ a: { ...mail, after: "a" } }, "wait for one another: a"],
      [
        {
          a: mail,
          b: { ...mail, after: ["a", "d"] },
          c: { ...mail, after: "b" },
          d: { ...mail, after: "c" },
        },
        "b, c, d",
      ],
      [{ "1st": mail }, 'Step "1st": a name is a letter'],
      [{ a: { ...mail, after: "toString" } }, "no such step"],
    ];
    for (const [steps, message] of refused)
      await expect(bed.queue.startWorkflowOf(steps)).rejects.toMatchObject({
        code: "WORKFLOW_INVALID",
        message: expect.stringContaining(message),
      });
    const whenDead = "ignore" as never;
    const after = { step: "a", whenDead } as const;
    await expect(bed.queue.startWorkflowOf({ a: mail, b: { ...mail, after } })).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: 'Step "b": after: whenDead must be "cancel" or "continue", got "ignore"',
    });
    const parent = { jobId: "0-0", whenDead };
    await expect(bed.queue.enqueue("mail", { n: 1 }, { dependsOn: [parent] })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
    const wrong = { a: mail, b: { type: "mail", payload: { n: "one" as unknown as number } } } as const;
    await expect(bed.queue.startWorkflowOf(wrong)).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      message: expect.stringMatching(/^Step "b": Payload of "mail" is invalid: n: /),
    });
    await expect(bed.queue.startWorkflowOf({ a: { ...mail, after: [null as never] } })).rejects.toMatchObject(
      {
        code: "WORKFLOW_INVALID",
        message: 'Step "a": after takes names of steps, or { step, whenDead }, got null',
      },
    );
    expect((await bed.store.listJobs({ limit: 10 })).items).toEqual([]);
  });

  rule("R14: a workflow may start in the caller's transaction, and goes with it", async (bed) => {
    const steps = {
      a: { type: "mail", payload: { n: 1 } },
      b: { type: "mail", payload: { n: 2 }, after: "a" },
    } as const;
    const failing = bed.store.transaction(async (tx) => {
      await bed.queue.startWorkflowOf(steps, { tx, workflowId: "wf-1" });
      throw new Error("the order is refused");
    });
    await expect(failing).rejects.toThrow("the order is refused");
    expect(await bed.queue.workflow("wf-1")).toBeNull();
    await bed.store.transaction((tx) => bed.queue.startWorkflowOf(steps, { tx, workflowId: "wf-1" }));
    expect(await bed.queue.workflow("wf-1")).toMatchObject({ id: "wf-1", total: 2 });
  });

  rule("R14: one query tells where a workflow stands, from its start to its end", async (bed) => {
    const startedAt = new Date(bed.clock.now());
    const { workflowId } = await startDiamond(bed);
    await bed.add({ workflowId, detached: true, delayMs: DAY_MS });
    await bed.add({ workflowId: "wf-other" });
    expect(await bed.queue.workflow(workflowId)).toEqual({
      id: workflowId,
      status: "running",
      total: 4,
      progress: 0,
      byStatus: { pending: 1, waiting: 3 },
      startedAt,
      updatedAt: startedAt,
      cancelledAt: null,
    });
    bed.clock.advance(1_000);
    await completeNext(bed);
    expect(await bed.queue.workflow(workflowId)).toMatchObject({ status: "running", progress: 0.25 });
    expect((await bed.queue.workflow(workflowId))?.updatedAt).toEqual(new Date(bed.clock.now()));
    for (let n = 0; n < 4; n += 1) await completeNext(bed);
    expect(await bed.queue.workflow(workflowId)).toMatchObject({
      status: "completed",
      progress: 1,
      byStatus: { completed: 4 },
    });
    expect(await bed.queue.workflow("wf-nobody")).toBeNull();
  });

  rule("R14: a workflow with a dead job has failed once nothing of it can go on", async (bed) => {
    const { workflowId } = await startDiamond(bed);
    await completeNext(bed);
    await bed.queue.failJob(await bed.claim("worker-1", { types: ["fragile"] }), new Error("no luck"));
    expect(await bed.queue.workflow(workflowId)).toMatchObject({ status: "running", progress: 0.75 });
    await completeNext(bed);
    expect(await bed.queue.workflow(workflowId)).toMatchObject({
      status: "failed",
      byStatus: { completed: 2, failed: 1, cancelled: 1 },
    });
  });

  rule("R14: retrying a workflow brings back what failed and what waited for it", async (bed) => {
    const { workflowId } = await startDiamond(bed);
    await completeNext(bed);
    await bed.queue.failJob(await bed.claim("worker-1", { types: ["fragile"] }), new Error("no luck"));
    expect(await bed.store.retryWorkflow(workflowId)).toBe(1);
    expect(await statesOf(bed, workflowId)).toMatchObject({
      start: "completed",
      left: "pending",
      end: "waiting",
    });
    for (let n = 0; n < 3; n += 1) await completeNext(bed);
    expect(await bed.queue.workflow(workflowId)).toMatchObject({ status: "completed" });
    expect(await bed.store.retryWorkflow(workflowId)).toBe(0);
    await expect(bed.store.retryWorkflow("wf-nobody")).rejects.toMatchObject({ code: "WORKFLOW_NOT_FOUND" });
  });

  rule(
    "A7: a cancelled workflow ends, and nothing that its running jobs still add can be claimed",
    async (bed) => {
      const { workflowId } = await startDiamond(bed);
      const later = await bed.add({ workflowId, delayMs: 60_000 });
      const stranger = await bed.add({ workflowId: "wf-other" });
      const running = await bed.claim();
      expect(await bed.queue.cancelWorkflow(workflowId)).toMatchObject({ status: "running", progress: 0.8 });
      expect(await statesOf(bed, workflowId)).toMatchObject({
        start: "processing",
        left: "cancelled",
        end: "cancelled",
      });
      expect(await bed.states(later.id, stranger.id)).toEqual(["cancelled", "pending"]);
      expect(await bed.store.cancelRequests(running.workerId)).toMatchObject([
        { id: running.id, cancelRequested: true },
      ]);
      // Nothing of it is dead, and yet it is not as if it could be retried.
      await expect(bed.store.retryWorkflow(workflowId)).rejects.toMatchObject({ code: "JOB_STATE_CONFLICT" });
      const followUp = await bed.queue.enqueue("report", { n: 9 }, { workflowId });
      expect(followUp.status).toBe("cancelled");
      const many = await bed.queue.enqueueMany(
        "report",
        Array.from({ length: 8 }, (_, n) => ({ n })),
        { workflowId },
      );
      expect(new Set(many.map(({ status }) => status))).toEqual(new Set(["cancelled"]));
      await bed.queue.completeJob(running);
      expect(await bed.queue.workflow(workflowId)).toMatchObject({
        status: "cancelled",
        progress: 1,
        cancelledAt: new Date(bed.clock.now()),
      });
      expect((await bed.claim()).id).toBe(stranger.id);
      expect(await bed.queue.dequeue("worker-1")).toBeNull();
      expect(await bed.queue.cancelWorkflow(workflowId)).toMatchObject({ status: "cancelled", total: 14 });
      await expect(bed.store.cancelWorkflow("wf-nobody")).rejects.toMatchObject({
        code: "WORKFLOW_NOT_FOUND",
      });
    },
  );

  rule("A7: no retry brings back a job of a cancelled workflow", async (bed) => {
    const parent = await bed.queue.enqueue("fragile", { n: 1 });
    const child = await bed.add({ workflowId: "wf-1", dependsOn: [parent.id] });
    const { deadId } = await bed.addDead({ workflowId: "wf-1", priority: 99 });
    await bed.queue.failJob(await bed.claim(), new Error("no luck"));
    await bed.store.cancelWorkflow("wf-1");
    await expect(bed.store.retryWorkflow("wf-1")).rejects.toMatchObject({ code: "JOB_STATE_CONFLICT" });
    await expect(bed.store.revive(deadId)).rejects.toMatchObject({ code: "JOB_STATE_CONFLICT" });
    expect(await bed.store.countRevivable({}, 10)).toBe(1);
    expect(await bed.store.reviveMany({})).toBe(1);
    expect(await bed.states(parent.id, child.id)).toEqual(["pending", "cancelled"]);
    await bed.store.discard(deadId, AUDIT);
  });

  rule("A25: a workflow of very many jobs is cancelled, and retried, in small transactions", async (bed) => {
    const payloads = Array.from({ length: 250 }, (_, n) => ({ n }));
    await bed.queue.enqueueMany("mail", payloads, { workflowId: "wf-1" });
    await bed.queue.enqueueMany("fragile", payloads, { workflowId: "wf-2" });
    expect(await bed.queue.cancelWorkflow("wf-1")).toMatchObject({ byStatus: { cancelled: 250 } });
    const doomed = await bed.queue.dequeueBatch("worker-1", 250);
    for (const job of doomed) await bed.queue.failJob(job, new Error("no luck"));
    expect(await bed.queue.workflow("wf-2")).toMatchObject({ status: "failed", byStatus: { failed: 250 } });
    expect(await bed.queue.retryWorkflow("wf-2")).toMatchObject({
      status: "running",
      byStatus: { pending: 250 },
    });
  });

  rule("R20: what is known of a cancelled workflow goes when its jobs are long gone", async (bed) => {
    await bed.add({ workflowId: "wf-1" });
    await bed.store.cancelWorkflow("wf-1");
    await bed.add();
    bed.clock.advance(30 * DAY_MS);
    expect(await bed.store.prune({ keepMs: 7 * DAY_MS })).toBe(1);
    expect(await bed.queue.workflow("wf-1")).toBeNull();
    expect((await bed.add({ workflowId: "wf-1" })).status).toBe("pending");
  });
}
