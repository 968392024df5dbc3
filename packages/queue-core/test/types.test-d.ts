// Never run: the type check reads it as part of the workspace, and `types.test.ts` reads it by itself.
import {
  type BatchHandler,
  type ClaimedJob,
  createQueue,
  createWorker,
  defineJob,
  type EnqueuedJob,
  type Job,
  type JobHandlers,
  type JobStore,
  NonRetryableError,
  snooze,
  type Transaction,
} from "@holdfast/queue-core";
import { runHandler } from "@holdfast/queue-core/testing";
import type { Kysely } from "kysely";
import * as v from "valibot";
import { expectTypeOf } from "vitest";
import { z } from "zod";

interface ShopTables {
  readonly orders: { readonly id: string; readonly paid: number };
}
declare const store: JobStore<ShopTables>;

const jobs = [
  defineJob("send_mail", {
    payload: z.object({ to: z.string(), sentAt: z.string().transform((text) => new Date(text)) }),
    onDead: (dead) => {
      // The hook gets the schema's output.
      expectTypeOf(dead.payload).toEqualTypeOf<{ to: string; sentAt: Date }>();
      return [{ type: "make_report", payload: { day: dead.id } }];
    },
  }),
  defineJob("make_report", { payload: z.object({ day: z.string(), pages: z.number().default(1) }) }),
  defineJob("count_stock", {
    payload: z.object({ shelf: z.string() }),
    result: z.object({ left: z.number(), countedAt: z.string().transform((text) => new Date(text)) }),
  }),
  // Any validator of the Standard Schema will do.
  defineJob("greet", { payload: v.object({ name: v.string() }), result: v.string() }),
] as const;

const queue = createQueue({ store, jobs });

// The catalog's names and the schema's input are what may be enqueued.
expectTypeOf(queue.enqueue("send_mail", { to: "ann", sentAt: "2026-01-01" })).toEqualTypeOf<
  Promise<EnqueuedJob<"send_mail">>
>();
void queue.enqueue("make_report", { day: "2026-01-01" });
void queue.enqueueMany("make_report", [{ day: "2026-01-01" }, { day: "2026-01-02", pages: 2 }]);
void queue.startWorkflow("make_report", { day: "2026-01-01" }, { priority: 10 });

// A workflow's steps are checked one by one, and come back under their names.
const started = await queue.startWorkflowOf({
  report: { type: "make_report", payload: { day: "2026-01-01" } },
  mail: { type: "send_mail", payload: { to: "ann", sentAt: "2026-01-01" }, after: "report" },
});
expectTypeOf<keyof typeof started.jobs>().toEqualTypeOf<"report" | "mail">();
expectTypeOf(started.jobs.mail.type).toEqualTypeOf<"send_mail">();
void queue.startWorkflowOf({
  report: { type: "make_report", payload: { day: "2026-01-01" } },
  // @ts-expect-error: there is no such step
  mail: { type: "send_mail", payload: { to: "ann", sentAt: "2026-01-01" }, after: "count" },
});

// What a job returns is what its schema for results gives; without one nobody knows.
const counted = await queue.enqueue("count_stock", { shelf: "a" });
expectTypeOf(await queue.result(counted)).toEqualTypeOf<{ left: number; countedAt: Date }>();
expectTypeOf(await queue.result(started.jobs.report)).toEqualTypeOf<unknown>();
expectTypeOf(await queue.result(await queue.enqueue("greet", { name: "ann" }))).toEqualTypeOf<string>();
expectTypeOf(await queue.result(counted.id)).toEqualTypeOf<unknown>();
// @ts-expect-error: the payload of another type
void queue.startWorkflowOf({ mail: { type: "send_mail", payload: { day: "2026-01-01" } } });
// @ts-expect-error: a step belongs to the workflow that is started
void queue.startWorkflowOf({ report: { type: "make_report", payload: { day: "x" }, workflowId: "wf-1" } });

// @ts-expect-error: no such type
void queue.enqueue("send_post", { to: "ann", sentAt: "2026-01-01" });
// @ts-expect-error: the payload of another type
void queue.enqueue("send_mail", { day: "2026-01-01" });
// @ts-expect-error: a field is missing
void queue.enqueue("send_mail", { to: "ann" });
// @ts-expect-error: a field is of the wrong type
void queue.enqueue("make_report", { day: 1 });
// @ts-expect-error: the schema's output is not its input
void queue.enqueue("send_mail", { to: "ann", sentAt: new Date(0) });
// @ts-expect-error: one payload of many is wrong
void queue.enqueueMany("make_report", [{ day: "2026-01-01" }, {}]);
// @ts-expect-error: no such option
void queue.enqueue("make_report", { day: "2026-01-01" }, { prio: 1 });
// @ts-expect-error: the delay is an argument of its own
void queue.enqueueDelayed("make_report", { day: "2026-01-01" }, 1_000, { delayMs: 1 });
// @ts-expect-error: no such type
void queue.registerCron("send_post", "0 0 * * *");
// @ts-expect-error: the payload is the type's
void queue.registerCron("make_report", "0 0 * * *", { payload: { day: 1 } });
void queue.syncCron([{ type: "make_report", expression: "0 0 * * *", payload: { day: "2026-01-01" } }]);
// @ts-expect-error: the payload is the type's
void queue.syncCron([{ type: "make_report", expression: "0 0 * * *", payload: { to: "ann" } }]);
// @ts-expect-error: no such type
void queue.dequeue("worker-1", { types: ["send_post"] });

// A claimed job's payload is what its schema gives, told apart by its type.
const claimed = await queue.dequeue("worker-1");
if (claimed) {
  expectTypeOf(claimed).toExtend<ClaimedJob>();
  expectTypeOf(claimed.type).toEqualTypeOf<"send_mail" | "make_report" | "count_stock" | "greet">();
  if (claimed.type === "send_mail")
    expectTypeOf(claimed.payload).toEqualTypeOf<{ to: string; sentAt: Date }>();
  if (claimed.type === "make_report")
    expectTypeOf(claimed.payload).toEqualTypeOf<{ day: string; pages: number }>();
}
const [report] = await queue.dequeueBatch("worker-1", 10, { types: ["make_report"] });
expectTypeOf(report?.payload).toEqualTypeOf<{ day: string; pages: number } | undefined>();

// A transaction knows the application's tables, and jobs may join it.
await store.transaction(async (tx) => {
  expectTypeOf(tx.sql).toEqualTypeOf<Kysely<ShopTables>>();
  await tx.sql.updateTable("orders").set({ paid: 1 }).where("id", "=", "ord-1").execute();
  // @ts-expect-error: no such table
  tx.sql.selectFrom("customers");
  await queue.enqueue("make_report", { day: "2026-01-01" }, { tx, durability: "normal" });
  // @ts-expect-error: no transaction
  await queue.enqueue("make_report", { day: "2026-01-01" }, { tx: true });
});
expectTypeOf(store.read).toEqualTypeOf<Kysely<ShopTables>>();

// Handlers get the payload of their type; what they enqueue is checked like everything else.
const handlers: JobHandlers<typeof jobs, ShopTables> = {
  send_mail: async (payload, ctx) => {
    expectTypeOf(payload).toEqualTypeOf<{ to: string; sentAt: Date }>();
    expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
    const receipt = await ctx.once("mail", async () => ({ messageId: "m" }));
    expectTypeOf(receipt).toEqualTypeOf<{ messageId: string }>();
    ctx.enqueue("make_report", { day: "2026-01-01" });
    // @ts-expect-error: a field is of the wrong type
    ctx.enqueue("make_report", { day: 1 });
    expectTypeOf(await ctx.parents()).toEqualTypeOf<readonly Job[]>();
    ctx.onCommit(async (tx) => {
      expectTypeOf(tx).toEqualTypeOf<Transaction<ShopTables>>();
    });
    if (payload.to === "") throw new NonRetryableError("nobody to send to");
    return snooze(1_000);
  },
};
createWorker({ queue, handlers });
createWorker({
  queue,
  handlers: {
    count_stock: async (_, ctx) => {
      const [greeting] = await ctx.parentResults("greet");
      expectTypeOf(greeting).toEqualTypeOf<string | undefined>();
      // @ts-expect-error: no such type
      await ctx.parentResults("send_post");
      return greeting ? { left: 3, countedAt: "2026-01-01" } : snooze(1_000);
    },
    greet: ({ name }) => {
      expectTypeOf(name).toEqualTypeOf<string>();
      return `hello ${name}`;
    },
  },
});
// @ts-expect-error: not what its schema for results says
createWorker({ queue, handlers: { count_stock: () => ({ left: "three" }) } });
// @ts-expect-error: it has to return something
createWorker({ queue, handlers: { greet: async () => undefined } });
// @ts-expect-error: no such type
createWorker({ queue, handlers: { send_post: () => undefined } });

// An upcaster says what it was given; what it gives is checked when it runs.
defineJob("send_note", {
  payload: z.object({ text: z.string() }),
  version: 3,
  upcasters: { 1: (text: string) => ({ text }), 2: (note: { text: string }) => note },
  encrypted: true,
});
// @ts-expect-error: a step is a function
defineJob("send_note", { payload: z.object({}), version: 2, upcasters: { 1: "as it was" } });

// A batch handler gets jobs of its type, and ends each with what that type's schema for results takes.
const countTogether: BatchHandler<typeof jobs, "count_stock", ShopTables> = {
  batch: { size: 10, lingerMs: 500 },
  handle: async (batch, { signal }) => {
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    for (const job of batch) {
      expectTypeOf(job.payload).toEqualTypeOf<{ shelf: string }>();
      job.enqueue("greet", { name: job.payload.shelf });
      // @ts-expect-error: a field is of the wrong type
      job.enqueue("greet", { name: 1 });
      if (job.payload.shelf === "") job.complete(snooze(1_000));
      else job.complete({ left: 1, countedAt: "2026-01-01" });
      // @ts-expect-error: a field is missing
      job.complete({ left: 1 });
    }
  },
};
createWorker({ queue, handlers: { count_stock: countTogether } });
createWorker({
  queue,
  handlers: {
    send_mail: {
      batch: { size: 2 },
      // @ts-expect-error: each job is ended by itself, and what the handler returns says nothing
      handle: (batch) => batch.map(({ jobId }) => ({ jobId, ok: true })),
    },
  },
});

// In a test it is run with some payloads, and tells what each job came to; a handler of single jobs takes one.
const counts = { jobs, type: "count_stock", handler: countTogether } as const;
const ranTogether = await runHandler({ ...counts, payloads: [{ shelf: "a" }, { shelf: "b" }] });
expectTypeOf(ranTogether[0]?.outcome).toEqualTypeOf<
  "completed" | "snoozed" | "cancelled" | "failed" | undefined
>();
// @ts-expect-error: a field is of the wrong type
await runHandler({ ...counts, payloads: [{ shelf: 1 }] });
// @ts-expect-error: a batch has payloads
await runHandler({ ...counts, payload: { shelf: "a" } });
const greeted = await runHandler({ jobs, type: "greet", handler: () => "hello", payload: { name: "Ada" } });
expectTypeOf(greeted.outcome).toEqualTypeOf<"completed" | "snoozed" | "cancelled">();
