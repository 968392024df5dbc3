import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { createQueue, defineJob, type Queue } from "../../src/index.ts";
import { assertEnqueued, assertNotEnqueued, MemoryDatabase } from "../../src/testing/index.ts";

const payload = z.object({
  to: z.string(),
  lines: z.array(z.object({ n: z.number(), text: z.string() })).default([]),
});
const JOBS = [defineJob("mail", { payload }), defineJob("report", { payload })] as const;

let memory: MemoryDatabase;
let queue: Queue<typeof JOBS>;
beforeEach(async () => {
  memory = await MemoryDatabase.open();
  queue = createQueue({ store: memory.openStore(), jobs: JOBS });
});
afterEach(() => memory.close());

it("finds a job by a part of its payload and of itself, in whatever state before it has begun", async () => {
  const now = await queue.enqueue("mail", { to: "ada", lines: [{ n: 1, text: "one" }] }, { priority: 9 });
  const later = await queue.enqueueDelayed("mail", { to: "bob" }, 60_000);
  const child = await queue.enqueue("mail", { to: "cy" }, { dependsOn: [now.id], workflowId: "wf-1" });
  expect((await assertEnqueued(queue, "mail")).id).toBe(now.id);
  expect(
    (await assertEnqueued(queue, "mail", { payload: { lines: [{ n: 1 }] }, job: { priority: 9 } })).id,
  ).toBe(now.id);
  expect((await assertEnqueued(queue, "mail", { payload: { to: "bob" } })).id).toBe(later.id);
  expect((await assertEnqueued(queue, "mail", { job: { workflowId: "wf-1" } })).id).toBe(child.id);
  await assertNotEnqueued(queue, "report");
  await assertNotEnqueued(queue, "mail", { payload: { to: "dan" } });
});

it("does not take a job that has begun for one that is to run", async () => {
  await queue.enqueue("mail", { to: "ada" });
  await queue.dequeue("worker-1");
  await expect(assertEnqueued(queue, "mail")).rejects.toThrow("there is none of this type");
});

it("names what there is instead, and what should not be there", async () => {
  const { id } = await queue.enqueue("mail", { to: "ada" });
  await expect(assertEnqueued(queue, "mail", { payload: { to: "bob" } })).rejects.toThrow(
    /No "mail" like .*'bob'.* is enqueued; of this type there are:\n {2}pending { to: 'ada' }/,
  );
  await expect(assertNotEnqueued(queue, "mail")).rejects.toThrow(`Job ${id} is a "mail"`);
});

it("looks through more jobs than a page of them", async () => {
  const many = Array.from({ length: 450 }, (_, n) => ({ to: `user-${n}` }));
  await queue.enqueueMany("mail", many);
  for (const n of [0, 449]) {
    const found = await assertEnqueued(queue, "mail", { payload: { to: `user-${n}` } });
    expect(found.payload).toMatchObject({ to: `user-${n}` });
  }
});
