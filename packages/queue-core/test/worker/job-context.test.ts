import { describe, expect, it } from "vitest";
import type { JobContext, Transaction } from "../../src/index.ts";
import { cancel, LeaseLostError, RunEndedError, snooze } from "../../src/index.ts";
import type { AppTables } from "../conformance/test-database.ts";
import type { WORKER_JOBS } from "./job-types.ts";
import { SHORT_LEASE_MS, WorkerBed } from "./worker-bed.ts";

type Context = JobContext<typeof WORKER_JOBS, AppTables>;

async function addNote(tx: Transaction<AppTables>, text: string): Promise<void> {
  await tx.sql.insertInto("note").values({ id: 1, text }).execute();
}

/** Asks for a job and for a row. */
function ask(context: Context): void {
  context.enqueue("other", { n: 1 });
  context.onCommit((tx) => addNote(tx, "noted"));
}

/** What came of it. */
async function done(bed: WorkerBed): Promise<{ readonly jobs: number; readonly notes: readonly string[] }> {
  return { jobs: (await bed.jobsOf("other")).length, notes: await bed.notes() };
}

const NOTHING = { jobs: 0, notes: [] };

describe("R14: what a handler asks for", () => {
  it("commits with its completion; its jobs join the workflow unless they say otherwise", async () => {
    const bed = await WorkerBed.open();
    const workflowId = await bed.queue.startWorkflow("task", { n: 1 });
    const [first] = await bed.jobsOf("task");
    bed.work({
      task: ({ n }, context) => {
        ask(context);
        context.enqueue("other", { n: n + 1 }, { workflowId: null, priority: 20, uniqueKey: "second" });
      },
    });
    await bed.reaches(first?.id ?? "", "completed");
    expect(await bed.notes()).toEqual(["noted"]);
    const others = await bed.jobsOf("other");
    expect(others).toHaveLength(2);
    expect(others).toContainEqual(
      expect.objectContaining({ payload: { n: 1 }, workflowId, status: "pending" }),
    );
    expect(others).toContainEqual(
      expect.objectContaining({ payload: { n: 2 }, workflowId: null, priority: 20 }),
    );
  });

  it("may build on what its parents returned", async () => {
    const bed = await WorkerBed.open();
    const { jobs } = await bed.queue.startWorkflowOf({
      first: { type: "task", payload: { n: 20 } },
      second: { type: "other", payload: { n: 1 }, after: "first" },
    });
    bed.work({
      task: ({ n }) => ({ doubled: n * 2 }),
      other: async (_, context) => (await context.parents()).map(({ step, result }) => [step, result]),
    });
    expect(await bed.reaches(jobs.second.id, "completed")).toMatchObject({
      result: [["first", { doubled: 40 }]],
    });
  });

  it("runs its effects in the order they were asked for, in one transaction with the completion", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    bed.work({
      task: (_, context) => {
        context.onCommit((tx) => addNote(tx, "first"));
        context.onCommit(async (tx) => {
          const { text } = await tx.sql.selectFrom("note").select("text").executeTakeFirstOrThrow();
          await tx.sql
            .updateTable("note")
            .set({ text: `${text}, second` })
            .execute();
          await bed.queue.enqueue("other", { n: 5 }, { tx });
        });
      },
    });
    await bed.reaches(id, "completed");
    expect(await done(bed)).toEqual({ jobs: 1, notes: ["first, second"] });
  });

  it("does not happen when the handler throws afterwards", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    bed.work({
      fragile: (_, context) => {
        ask(context);
        throw new Error("too late");
      },
    });
    await bed.dies(id);
    expect(await done(bed)).toEqual(NOTHING);
  });

  it.each([
    ["snoozes", () => snooze(60_000), "scheduled"],
    ["cancels itself", () => cancel(), "cancelled"],
  ] as const)("does not happen when the handler %s", async (_, outcome, status) => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    bed.work({
      task: (_payload, context) => {
        ask(context);
        return outcome();
      },
    });
    await bed.reaches(id, status);
    expect(await done(bed)).toEqual(NOTHING);
  });

  it("happens once when a first attempt asked, failed, and a second one asked again", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    bed.work({
      task: (_, context) => {
        ask(context);
        if (context.attempt === 1) throw new Error("no luck yet");
      },
    });
    await bed.reaches(id, "completed");
    expect(await done(bed)).toEqual({ jobs: 1, notes: ["noted"] });
  });

  it("does not happen when the lease is lost before the handler returns", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const worker = bed.work(
      {
        task: async (_, context) => {
          started.resolve();
          await finish.promise;
          ask(context);
        },
      },
      { concurrency: 1 },
    );
    await started.promise;
    await bed.takeAway(id);
    finish.resolve();
    void worker.stop();
    await bed.logged("lease lost, result dropped", id);
    expect(await done(bed)).toEqual(NOTHING);
    expect((await bed.job(id)).status).toBe("pending");
  });

  it("makes the run a failure if an effect throws, and leaves nothing half-done", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    bed.work({
      task: (_, context) => {
        ask(context);
        context.onCommit(async (tx) => {
          // The same key a second time.
          if (context.attempt === 1) await addNote(tx, "noted again");
        });
        return context.attempt;
      },
    });
    expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 2, result: 2 });
    expect(await done(bed)).toEqual({ jobs: 1, notes: ["noted"] });
    const failure = (await bed.attempts(id)).find(({ outcome }) => outcome === "failed");
    expect(failure?.error).toContain("UNIQUE constraint failed: note.id");
  });

  it("makes the run a failure if an effect waits for something else than its queries", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    bed.work({
      fragile: (_, context) => {
        ask(context);
        context.onCommit(() => new Promise(() => {}));
      },
    });
    expect((await bed.dies(id)).lastError).toMatch(/^TransactionStalledError: /);
    expect(await done(bed)).toEqual(NOTHING);
  });

  it("gives the onDead hook the payload as the handler saw it when an effect was what failed", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("dated", { day: "2026-05-01" });
    bed.work({
      dated: (_, context) => {
        context.onCommit(() => Promise.reject(new Error("no")));
      },
    });
    await bed.dies(id);
    expect((await bed.jobsOf("task")).map(({ payload }) => payload)).toEqual([{ n: 2026 }]);
  });

  it("is refused where it is asked if its payload is invalid, and the run fails with the field", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    bed.work({
      fragile: (_, context) => {
        // A value that reached the handler from outside, where no compiler looked.
        const untyped: { n: number } = JSON.parse('{ "n": "one" }');
        context.enqueue("other", untyped);
      },
    });
    expect((await bed.dies(id)).lastError).toMatch(
      /^PayloadInvalidError: Payload of "other" is invalid: n: /,
    );
  });

  it("is refused after the run has ended: nothing could commit it", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let kept: Context | undefined;
    bed.work({
      task: (_, context) => {
        kept = context;
      },
    });
    await bed.reaches(id, "completed");
    expect(() => kept?.enqueue("other", { n: 1 })).toThrow(RunEndedError);
    expect(() => kept?.onCommit((tx) => addNote(tx, "late"))).toThrow(RunEndedError);
    await expect(kept?.once("late", () => 1)).rejects.toThrow(RunEndedError);
  });
});

describe("R7: once", () => {
  it("runs a step in the first attempt and gives its stored result to the next", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let runs = 0;
    bed.work({
      task: async (_, context) => {
        const receipt = await context.once("charge", () => {
          runs += 1;
          return { receipt: `r-${runs}` };
        });
        if (context.attempt < 3) throw new Error("after the step");
        return receipt;
      },
    });
    expect((await bed.reaches(id, "completed")).result).toEqual({ receipt: "r-1" });
    expect(runs).toBe(1);
  });

  it("runs a step again that threw", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let runs = 0;
    bed.work({
      task: (_, context) =>
        context.once("charge", () => {
          runs += 1;
          if (runs === 1) throw new Error("declined");
          return runs;
        }),
    });
    expect((await bed.reaches(id, "completed")).result).toBe(2);
  });

  it("gives back what JSON makes of a result, the first time as well as later", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const seen: unknown[] = [];
    bed.work({
      task: async (_, context) => {
        seen.push(await context.once("when", () => new Date(0)));
        seen.push(await context.once("nothing", () => undefined));
        if (context.attempt === 1) throw new Error("again");
      },
    });
    await bed.reaches(id, "completed");
    expect(seen).toEqual(["1970-01-01T00:00:00.000Z", null, "1970-01-01T00:00:00.000Z", null]);
  });

  it("keeps the steps of a job apart, and those of different jobs", async () => {
    const bed = await WorkerBed.open();
    const jobs = await bed.queue.enqueueMany("task", [{ n: 1 }, { n: 2 }]);
    bed.work({
      task: async ({ n }, context) => [
        await context.once("a", () => `a${n}`),
        await context.once("b", () => `b${n}`),
      ],
    });
    const results = await Promise.all(
      jobs.map(async ({ id }) => (await bed.reaches(id, "completed")).result),
    );
    expect(results).toEqual([
      ["a1", "b1"],
      ["a2", "b2"],
    ]);
  });

  it("throws when the lease is lost during the step, stores nothing, and aborts the signal", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const seen = Promise.withResolvers<{ thrown: unknown; reason: unknown }>();
    const worker = bed.work(
      {
        task: async (_, context) => {
          const step = context.once("charge", async () => {
            await bed.takeAway(id);
            return "charged";
          });
          await step.catch((thrown: unknown) => seen.resolve({ thrown, reason: context.signal.reason }));
        },
      },
      { concurrency: 1 },
    );
    const { thrown, reason } = await seen.promise;
    await worker.stop();
    expect(thrown).toBeInstanceOf(LeaseLostError);
    expect(reason).toBe(thrown);
    expect(bed.sql((database) => database.prepare("SELECT count(*) FROM processed_jobs").pluck().get())).toBe(
      0,
    );
  });

  it("begins no step once the run is not to go on", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let began = false;
    const started = Promise.withResolvers<void>();
    bed.work(
      {
        task: async (_, context) => {
          started.resolve();
          await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
          await context.once("charge", () => {
            began = true;
          });
        },
      },
      { leaseMs: SHORT_LEASE_MS },
    );
    await started.promise;
    await bed.store.cancel(id);
    await bed.reaches(id, "cancelled");
    expect(began).toBe(false);
  });
});

describe("R7: the idempotency key", () => {
  it("is the same in all attempts and after a plain retry, and another one for another payload or job", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const keys: string[] = [];
    bed.work({
      task: ({ n }, { idempotencyKey }) => {
        keys.push(idempotencyKey);
        if (n !== 3) throw new Error("no");
      },
    });
    await bed.store.revive((await bed.dies(id)).id);
    const dead = await bed.dies(id);
    expect(keys).toHaveLength(6);
    expect(new Set(keys).size).toBe(1);
    await bed.store.editDeadLetter(dead.id, {
      stored: { payload: JSON.stringify({ n: 3 }), payloadVersion: 1, keyId: null },
    });
    await bed.store.revive(dead.id);
    await bed.reaches(id, "completed");
    expect(keys).toHaveLength(7);
    expect(keys[6]).not.toBe(keys[0]);
    const another = await bed.queue.enqueue("task", { n: 3 });
    await bed.reaches(another.id, "completed");
    expect(new Set(keys).size).toBe(3);
  });
});
