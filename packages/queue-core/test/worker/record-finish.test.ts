import { describe, expect, it } from "vitest";
import { until } from "./until.ts";
import { WorkerBed } from "./worker-bed.ts";

describe("a result that meets a locked database", () => {
  it("is recorded when the lock is gone: the handler runs once and no attempt is spent on it", async () => {
    const bed = await WorkerBed.open({ busyDeadlineMs: 20 });
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let runs = 0;
    let unlock = (): void => {};
    const worker = bed.work({
      task: async (_, context) => {
        runs += 1;
        context.enqueue("other", { n: 2 });
        context.onCommit(async (tx) => {
          await tx.sql.insertInto("note").values({ id: 1, text: "noted" }).execute();
        });
        unlock = await bed.lock();
        return "worth keeping";
      },
    });
    await bed.logged("recording how runs ended failed, will try again");
    expect(worker.runningCount).toBe(1);
    unlock();
    expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1, result: "worth keeping" });
    expect(runs).toBe(1);
    expect(await bed.notes()).toEqual(["noted"]);
    expect(await bed.jobsOf("other")).toHaveLength(1);
  });

  it("is recorded at the deadline of a stop if the lock is gone by then, and its job not handed back", async () => {
    const bed = await WorkerBed.open({ busyDeadlineMs: 20 });
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let unlock = (): void => {};
    const worker = bed.work(
      {
        task: async () => {
          unlock = await bed.lock();
          return "worth keeping";
        },
      },
      { shutdownMs: 0 },
    );
    await bed.logged("recording how runs ended failed, will try again");
    unlock();
    await worker.stop();
    expect(await bed.store.getJob(id)).toMatchObject({ status: "completed", result: "worth keeping" });
  });

  it("does not keep a worker from stopping; the job runs again when its lease is over", async () => {
    const bed = await WorkerBed.open({ busyDeadlineMs: 20 });
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let unlock = (): void => {};
    const worker = bed.work(
      {
        task: async () => {
          unlock = await bed.lock();
        },
      },
      { shutdownMs: 0 },
    );
    await bed.logged("recording how runs ended failed, will try again");
    const stopped = worker.stop();
    await bed.logged("how the run ended is not recorded; its job will run again", id);
    await until("handing back failed as well", () => {
      return bed.lines.find((line) => line.msg.startsWith("handing back failed"));
    });
    unlock();
    await stopped;
    expect(await bed.job(id)).toMatchObject({ status: "processing", attempts: 0 });
  });
});
