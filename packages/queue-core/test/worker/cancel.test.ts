import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChildWorker } from "./child-worker.ts";
import { until } from "./until.ts";
import { SHORT_LEASE_MS, WorkerBed } from "./worker-bed.ts";

const SCRIPT = fileURLToPath(new URL("./cancel-process.ts", import.meta.url));
/** A beat is due every 30 s: more than any test waits. */
const LONG_LEASE_MS = 90_000;

/** Cancels jobs in a process of its own; returns the states that were answered. */
async function cancelElsewhere(bed: WorkerBed, jobIds: readonly string[]): Promise<unknown> {
  const child = fork(SCRIPT, [bed.path, ...jobIds]);
  const [states] = await once(child, "message");
  await once(child, "exit");
  return states;
}

// The worker, the operator and the enqueuer are three processes.
describe("R2: a job cancelled from another process", () => {
  it("ends at once unless it runs, and then as soon as its handler hears of it", async () => {
    const bed = await WorkerBed.open();
    const running = await bed.queue.enqueue("task", { n: 1 });
    const child = ChildWorker.start(bed, "untilAborted", { leaseMs: LONG_LEASE_MS });
    await until("it runs", () => child.witnessed.includes("begins 1"));
    // The worker has no handler for the first two.
    const pending = await bed.queue.enqueue("fragile", { n: 1 });
    const waiting = await bed.queue.enqueue("fragile", { n: 1 }, { dependsOn: [pending.id] });
    const scheduled = await bed.queue.enqueueDelayed("task", { n: 2 }, 600_000);
    const ids = [waiting.id, scheduled.id, pending.id, running.id];
    expect(await cancelElsewhere(bed, ids)).toEqual(["cancelled", "cancelled", "cancelled", "processing"]);
    for (const id of ids) expect(await bed.reaches(id, "cancelled")).toMatchObject({ attempts: 0 });
    expect(child.witnessed).toEqual(["begins 1", "aborted 1"]);
    child.tell("stop");
    expect(await child.exit()).toBe(0);
  });

  it("stays completed if the completion comes in all the same", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const child = ChildWorker.start(bed, "wait", { leaseMs: LONG_LEASE_MS });
    await until("it runs", () => child.witnessed.length === 1);
    expect(await cancelElsewhere(bed, [id])).toEqual(["processing"]);
    await child.says("signal aborted");
    child.tell("finish");
    expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1 });
  });

  describe("where it runs alone, as a suspect", () => {
    async function runAlone() {
      const bed = await WorkerBed.open();
      const { id } = await bed.queue.enqueue("task", { n: 1 });
      bed.sql((database) => database.exec("INSERT INTO suspect (seq, since) SELECT seq, 0 FROM job"));
      process.env.ISOLATED_DATABASE = bed.path;
      onTestFinished(() => void delete process.env.ISOLATED_DATABASE);
      const isolatedEntry = new URL("./isolated-process.ts", import.meta.url);
      bed.work({ task: () => "not here" }, { leaseMs: LONG_LEASE_MS, isolatedEntry });
      await bed.logged("job was in a process that died: it runs alone in a process of its own", id);
      return { bed, id };
    }

    it("ends as soon as its handler hears of it", async () => {
      const { bed, id } = await runAlone();
      await until("it has begun", () => existsSync(`${bed.path}.witness`));
      await cancelElsewhere(bed, [id]);
      expect(await bed.reaches(id, "cancelled")).toMatchObject({ attempts: 0 });
    });

    it("does not begin any more if its process has only been started", async () => {
      const { bed, id } = await runAlone();
      await bed.store.cancel(id);
      expect(await bed.reaches(id, "cancelled")).toMatchObject({ attempts: 0 });
      expect(existsSync(`${bed.path}.witness`)).toBe(false);
    });
  });

  it("ends as cancelled when its worker is killed before it could end", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const child = ChildWorker.start(bed, "wait", { leaseMs: SHORT_LEASE_MS });
    await until("it runs", () => child.witnessed.length === 1);
    await cancelElsewhere(bed, [id]);
    await child.kill();
    await until("the job is taken back", () => bed.store.rescue());
    expect(await bed.job(id)).toMatchObject({ status: "cancelled", attempts: 0 });
    expect(await bed.queue.dequeue("worker-2")).toBeNull();
  });
});
