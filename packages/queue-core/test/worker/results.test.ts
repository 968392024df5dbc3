import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createQueue,
  createWorker,
  defineJob,
  type JobHandlers,
  JobTypeUnknownError,
  PayloadInvalidError,
  ResultInvalidError,
} from "../../src/index.ts";
import { runHandler } from "../../src/testing/index.ts";
import type { AppTables } from "../conformance/test-database.ts";
import { WorkerBed } from "./worker-bed.ts";

const jobs = [
  defineJob("count", {
    payload: z.object({ shelf: z.string() }),
    result: z.object({ left: z.int(), at: z.string().transform((text) => new Date(text)) }),
    retry: { attempts: 1 },
  }),
  defineJob("greet", {
    payload: v.object({ name: v.pipe(v.string(), v.minLength(2, "too short")) }),
    result: v.optional(v.string()),
    retry: { attempts: 1 },
  }),
  defineJob("sum", { payload: z.object({}) }),
] as const;
const at = "2026-01-01T00:00:00.000Z";
/** What the compiler would not let pass. */
const anything = (value: unknown): never => value as never;

async function openWith(handlers: JobHandlers<typeof jobs, AppTables>) {
  const bed = await WorkerBed.open();
  const queue = createQueue({ store: bed.store, jobs });
  const worker = createWorker({ queue, handlers, pollMs: 5, log: bed.log });
  worker.start();
  return { bed, queue, [Symbol.asyncDispose]: () => worker.stop() };
}

describe("a result", () => {
  it("is stored as it was returned and read as its schema gives it", async () => {
    await using opened = await openWith({ count: () => ({ left: 3, at }) });
    const { bed, queue } = opened;
    const job = await queue.enqueue("count", { shelf: "a" });
    expect(await queue.result(job)).toEqual({ left: 3, at: new Date(at) });
    expect(await queue.result(job.id)).toEqual({ left: 3, at: new Date(at) });
    expect(await bed.store.getJob(job.id)).toMatchObject({ result: { left: 3, at } });
  });

  it("that does not fit fails the run, and says where", async () => {
    await using opened = await openWith({ count: () => anything({ left: "three", at }) });
    const { bed, queue } = opened;
    const job = await queue.enqueue("count", { shelf: "a" });
    await expect(queue.result(job)).rejects.toThrow(/The result of a "count" does not fit its schema: left:/);
    expect(await bed.store.getJob(job.id)).toMatchObject({ status: "failed", attempts: 1 });
  });

  it("may be nothing only where its schema says so", async () => {
    await using opened = await openWith({ count: () => anything(undefined), greet: () => undefined });
    const { queue } = opened;
    expect(await queue.result(await queue.enqueue("greet", { name: "ada" }))).toBeUndefined();
    await expect(queue.result(await queue.enqueue("count", { shelf: "a" }))).rejects.toThrow(/does not fit/);
  });

  it("of a claim by hand is checked before the run has ended", async () => {
    await using opened = await openWith({ sum: () => undefined });
    const { bed, queue } = opened;
    const { id } = await queue.enqueue("count", { shelf: "a" });
    const claimed = await queue.dequeue("by-hand", { types: ["count"] });
    if (!claimed) throw new Error("nothing could be claimed");
    await expect(queue.completeJob(claimed, { left: 0.5, at })).rejects.toThrow(ResultInvalidError);
    expect(await bed.store.getJob(id)).toMatchObject({ status: "processing" });
    await queue.completeJob(claimed, { left: 0, at });
    expect(await queue.result(id)).toEqual({ left: 0, at: new Date(at) });
  });

  it("that an earlier deploy stored may no longer fit", async () => {
    await using opened = await openWith({ sum: () => 4 });
    const { bed, queue } = opened;
    const job = await queue.enqueue("sum", {});
    expect(await queue.result(job)).toBe(4);
    const stricter = [defineJob("sum", { payload: z.object({}), result: z.string() })] as const;
    const later = createQueue({ store: bed.store, jobs: stricter });
    await expect(later.result(job)).rejects.toThrow(ResultInvalidError);
    // What is there is not nothing, though its type would let nothing pass.
    const optional = [defineJob("sum", { payload: z.object({}), result: z.string().optional() })] as const;
    const latest = createQueue({ store: bed.store, jobs: optional });
    await expect(latest.result(job)).rejects.toThrow(ResultInvalidError);
  });

  it("of a type that a process does not know comes as it is stored", async () => {
    await using opened = await openWith({ count: () => ({ left: 3, at }) });
    const { id } = await opened.queue.enqueue("count", { shelf: "a" });
    await opened.queue.result(id);
    const others = createQueue({ store: opened.bed.store, jobs: [jobs[2]] });
    expect(await others.result(id)).toEqual({ left: 3, at });
  });

  it("is checked as it will be read: a schema that wants what JSON cannot hold refuses it at once", async () => {
    const bed = await WorkerBed.open();
    const dated = [defineJob("dated", { payload: z.object({}), result: z.date() })] as const;
    const queue = createQueue({ store: bed.store, jobs: dated });
    await queue.enqueue("dated", {});
    const claimed = await queue.dequeue("by-hand");
    if (!claimed) throw new Error("nothing could be claimed");
    await expect(queue.completeJob(claimed, new Date(at))).rejects.toThrow(ResultInvalidError);
  });

  it("of a parent comes to the child as its type has it; a parent that failed has none", async () => {
    const seen: unknown[] = [];
    await using opened = await openWith({
      count: ({ shelf }) => {
        if (shelf === "none") throw new Error("no such shelf");
        return { left: shelf.length, at };
      },
      greet: ({ name }) => `hello ${name}`,
      sum: async (_, ctx) => {
        seen.push(await ctx.parentResults("count"), await ctx.parentResults("greet"));
        await ctx.parentResults(anything("no_such_type"));
      },
    });
    const { queue } = opened;
    const step = (shelf: string) => ({ type: "count", payload: { shelf } }) as const;
    const { jobs: steps } = await queue.startWorkflowOf({
      short: step("a"),
      long: step("abc"),
      none: step("none"),
      greet: { type: "greet", payload: { name: "ada" } },
      sum: {
        type: "sum",
        payload: {},
        maxAttempts: 1,
        after: ["short", "long", "greet", { step: "none", whenDead: "continue" }],
      },
    });
    await expect(queue.result(steps.sum)).rejects.toThrow(/no job type "no_such_type"/i);
    expect(seen).toEqual([
      [
        { left: 1, at: new Date(at) },
        { left: 3, at: new Date(at) },
      ],
      ["hello ada"],
    ]);
  });

  it("is checked by runHandler, too", async () => {
    const of = { jobs, type: "count", payload: { shelf: "a" } } as const;
    expect((await runHandler({ ...of, handler: () => ({ left: 1, at }) })).result).toEqual({ left: 1, at });
    await expect(runHandler({ ...of, handler: () => anything({ left: 1 }) })).rejects.toThrow(
      ResultInvalidError,
    );
  });
});

describe("a schema of another library", () => {
  it("refuses payloads with its own fields and messages", async () => {
    await using opened = await openWith({ greet: ({ name }) => name });
    const { queue } = opened;
    const refused = queue.enqueue("greet", { name: "a" });
    await expect(refused).rejects.toThrow(PayloadInvalidError);
    await expect(refused).rejects.toMatchObject({ issues: [{ field: "name", message: "too short" }] });
    await expect(queue.enqueue(anything("nobody"), anything({}))).rejects.toThrow(JobTypeUnknownError);
  });
});
