import { describe, expect, it } from "vitest";
import { WorkerBed } from "./worker-bed.ts";

const fail = (): never => {
  throw new Error("no luck");
};

describe("a run that failed", () => {
  it("waits as by default when its type's own backoff throws, and dies after its last attempt", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("bad_backoff", { n: 1 });
    const beside = await bed.queue.enqueue("task", { n: 1 });
    bed.work({ bad_backoff: fail, task: () => "fine" });
    const { scheduledAt, updatedAt } = await bed.reaches(id, "scheduled");
    expect(scheduledAt.getTime() - updatedAt.getTime()).toBe(30_000);
    await bed.logged("the type's backoff threw, the default is used", id);
    await bed.reaches(beside.id, "completed");
  });

  it("R6: goes to the dead letters even if the onDead hook throws, and says so", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("bad_hook", { n: 1 });
    bed.work({ bad_hook: fail });
    const dead = await bed.dies(id);
    expect(dead.lastError).toBe("Error: no luck\nIts onDead hook failed too: Error: the hook is broken");
    await bed.logged("the onDead hook failed, the jobs it asks for are not added", id);
  });

  it("R6: adds what the onDead hook asks for with the move, given the payload as the handler saw it", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("dated", { day: "2026-05-01" }, { workflowId: "order-1" });
    bed.work({ dated: fail });
    await bed.dies(id);
    expect(await bed.jobsOf("task")).toEqual([
      expect.objectContaining({ payload: { n: 2026 }, workflowId: "order-1", status: "pending" }),
    ]);
  });
});
