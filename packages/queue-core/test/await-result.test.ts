import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { awaitResult } from "../src/await-result.ts";
import { systemClock } from "../src/clock.ts";
import { createQueue, createWorker, defineJob, type Queue, type Worker } from "../src/index.ts";
import { MemoryDatabase } from "../src/testing/index.ts";

const payload = z.object({ n: z.number() });
const JOBS = [defineJob("double", { payload, retry: { attempts: 1 } })] as const;

let memory: MemoryDatabase;
let queue: Queue<typeof JOBS>;
let worker: Worker;
beforeEach(async () => {
  memory = await MemoryDatabase.open();
  queue = createQueue({ store: memory.openStore(), jobs: JOBS });
  worker = createWorker({
    queue,
    pollMs: 5,
    handlers: {
      double: async ({ n }) => {
        if (n < 0) throw new RangeError("too small");
        return n === 0 ? undefined : { doubled: n * 2 };
      },
    },
  });
});
afterEach(async () => {
  await worker.stop();
  memory.close();
});

describe("queue.result", () => {
  it("gives what the handler returned, whether it has ended before or ends later", async () => {
    const { id } = await queue.enqueue("double", { n: 21 });
    const waiting = queue.result(id);
    worker.start();
    expect(await waiting).toEqual({ doubled: 42 });
    expect(await queue.result(id)).toEqual({ doubled: 42 });
    expect(await queue.result((await queue.enqueue("double", { n: 0 })).id)).toBeNull();
  });

  it("rejects with why there is none: given up, cancelled, unknown", async () => {
    const cancelled = await queue.enqueueDelayed("double", { n: 1 }, 60_000);
    await queue.store.cancel(cancelled.id);
    await expect(queue.result(cancelled.id)).rejects.toMatchObject({ code: "JOB_CANCELLED" });
    await expect(queue.result("nothing")).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    worker.start();
    const failed = await queue.enqueue("double", { n: -1 });
    await expect(queue.result(failed.id)).rejects.toMatchObject({
      code: "JOB_FAILED",
      jobId: failed.id,
      lastError: expect.stringContaining("RangeError: too small"),
    });
  });

  it("looks less and less often", async () => {
    const { id } = await queue.enqueue("double", { n: 1 });
    let looks = 0;
    const getJob = (jobId: string) => {
      looks += 1;
      return queue.store.getJob(jobId);
    };
    const waiting = awaitResult({ getJob }, systemClock, id, { timeoutMs: 400 }, () => null);
    await expect(waiting).rejects.toMatchObject({ code: "RESULT_TIMEOUT" });
    // After 5, 15, 35, 75, 155, 315 and 400 ms; every 5 ms it would be some 70 times. On a busy machine they are fewer.
    expect(looks).toBeLessThan(20);
  });

  it("waits no longer than it is told, and the job goes on", async () => {
    const { id } = await queue.enqueue("double", { n: 1 });
    await expect(queue.result(id, { timeoutMs: 20 })).rejects.toMatchObject({
      code: "RESULT_TIMEOUT",
      message: expect.stringContaining("it is pending"),
    });
    await expect(queue.result(id, { timeoutMs: Number.NaN })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
    const controller = new AbortController();
    const waiting = queue.result(id, { signal: controller.signal });
    controller.abort(new Error("the client has gone"));
    await expect(waiting).rejects.toThrow("the client has gone");
    expect((await queue.store.getJob(id))?.status).toBe("pending");
  });
});
