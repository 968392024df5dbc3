import { describe, expect, it } from "vitest";
import { ChildWorker } from "./child-worker.ts";
import { WorkerBed } from "./worker-bed.ts";

// In processes of their own: the test runner listens for stray errors, too.

describe("a rejection that nobody handles", () => {
  it("fails the run that caused it, aborts its signal, and leaves the worker alive", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 }, { maxAttempts: 1 });
    const child = ChildWorker.start(bed, "strayWhileRunning");
    expect(await bed.dies(id)).toMatchObject({ attempts: 1, lastError: "Error: left behind" });
    const next = await bed.queue.enqueue("other", { n: 1 });
    expect((await bed.reaches(next.id, "completed")).lockedBy).toBeNull();
    expect(child.witnessed).toEqual(["aborted by: Error: left behind"]);
    child.tell("stop");
    expect(await child.exit()).toBe(0);
  });

  it.each([
    ["a proxy that bears no question", "strayTrap", "An error that cannot be read"],
    ["what says that the lease of another job is lost", "strayOfAnotherJob", "LeaseLostError: "],
  ])("counts as a failure of its run, whatever it is: %s", async (_, scenario, text) => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 }, { maxAttempts: 1 });
    const child = ChildWorker.start(bed, scenario);
    const dead = await bed.dies(id);
    expect(dead).toMatchObject({ attempts: 1, reason: "attempts_exhausted" });
    expect(dead.lastError).toContain(text);
    const next = await bed.queue.enqueue("other", { n: 1 });
    await bed.reaches(next.id, "completed");
    child.tell("stop");
    expect(await child.exit()).toBe(0);
  });

  it("is logged with its job when the run was over, which stays completed", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const child = ChildWorker.start(bed, "strayAfterwards");
    await bed.reaches(id, "completed");
    child.tell("finish");
    const line = await child.says("a promise that the handler left behind was rejected");
    expect(line).toMatchObject({ jobId: id, type: "task", attempt: 1, error: "Error: left behind" });
    const next = await bed.queue.enqueue("other", { n: 1 });
    await bed.reaches(next.id, "completed");
    child.tell("stop");
    expect(await child.exit()).toBe(0);
  });

  it("is logged where a hook left it behind, and its job is buried", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 }, { maxAttempts: 1 });
    const child = ChildWorker.start(bed, "strayOfHook");
    expect(await bed.dies(id)).toMatchObject({ lastError: "Error: for good" });
    const line = await child.says("what the type's onDead hook left behind failed");
    expect(line).toMatchObject({ jobId: id, error: "Error: left behind" });
    child.tell("stop");
    expect(await child.exit()).toBe(0);
  });

  it.each([
    ["slowSchema", {}],
    ["slowSchema", { expireAfterMs: 1 }],
    ["slowUpcaster", {}],
    ["slowUpcaster", { expireAfterMs: 1 }],
  ])(
    "buries the job whose schema or upcaster has become asynchronous: %s, %o",
    async (scenario, settings) => {
      const bed = await WorkerBed.open();
      const { id } = await bed.queue.enqueue("task", { n: 1 }, settings);
      const child = ChildWorker.start(bed, scenario);
      expect((await bed.dies(id)).attempts).toBe(0);
      const next = await bed.queue.enqueue("other", { n: 1 });
      await bed.reaches(next.id, "completed");
      child.tell("stop");
      expect(await child.exit()).toBe(0);
    },
  );

  it("buries the job whose schema asks somebody else about its value, though it knew others by itself", async () => {
    const bed = await WorkerBed.open();
    const known = await bed.queue.enqueue("task", { n: 0 });
    const child = ChildWorker.start(bed, "pickySchema");
    await bed.reaches(known.id, "completed");
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    expect((await bed.dies(id)).attempts).toBe(0);
    const next = await bed.queue.enqueue("other", { n: 1 });
    await bed.reaches(next.id, "completed");
    child.tell("stop");
    expect(await child.exit()).toBe(0);
  });

  it("ends the process as ever if no run caused it", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const child = ChildWorker.start(bed, "strayOfTheProcess");
    await bed.reaches(id, "completed");
    child.tell("finish");
    expect(await child.exit()).toBe(1);
    expect(child.stderr).toContain("not a job's");
  });
});

describe("an exception that nobody catches", () => {
  it.each([
    ["throwInTimer", "Error: thrown by a timer"],
    ["throwInEmitter", "Error: thrown by an emitter"],
    ["errorOfSocket", "Error: connect ECONNREFUSED 127.0.0.1:1"],
  ])(
    "fails the run that caused it, aborts its signal, and leaves the worker alive: %s",
    async (scenario, text) => {
      const bed = await WorkerBed.open();
      const { id } = await bed.queue.enqueue("task", { n: 1 }, { maxAttempts: 1 });
      const child = ChildWorker.start(bed, scenario);
      expect(await bed.dies(id)).toMatchObject({ attempts: 1, lastError: text });
      const next = await bed.queue.enqueue("other", { n: 1 });
      await bed.reaches(next.id, "completed");
      child.tell("stop");
      expect(await child.exit()).toBe(0);
    },
  );

  it("is logged with its job when the run was over, which stays completed", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const child = ChildWorker.start(bed, "throwAfterwards");
    await bed.reaches(id, "completed");
    child.tell("finish");
    const line = await child.says("what the handler left behind threw an exception");
    expect(line).toMatchObject({ jobId: id, type: "task", attempt: 1, error: "Error: left behind" });
    const next = await bed.queue.enqueue("other", { n: 1 });
    await bed.reaches(next.id, "completed");
    child.tell("stop");
    expect(await child.exit()).toBe(0);
  });

  it("ends the process as ever if no run caused it", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const child = ChildWorker.start(bed, "throwOfTheProcess");
    await bed.reaches(id, "completed");
    child.tell("finish");
    expect(await child.exit()).toBe(1);
    expect(child.stderr).toContain("Error: left behind");
  });
});

describe("R7: a step that once recorded", () => {
  it("does not run again in the process that takes over from one that was killed", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const child = ChildWorker.start(bed, "step", { leaseMs: 600 });
    await child.says("stepped");
    await child.kill();
    let ranHere = false;
    bed.work(
      {
        task: (_, context) =>
          context.once("charge", () => {
            ranHere = true;
          }),
      },
      { leaseMs: 600 },
    );
    const { attempts, result } = await bed.reaches(id, "completed");
    expect({ attempts, result }).toEqual({ attempts: 1, result: { receipt: expect.any(Number) } });
    expect(ranHere).toBe(false);
    expect(child.witnessed).toEqual(["charge"]);
  });
});
