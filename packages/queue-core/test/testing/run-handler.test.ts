import { describe, expect, it } from "vitest";
import { z } from "zod";
import { cancel, defineJob, snooze } from "../../src/index.ts";
import { runHandler } from "../../src/testing/index.ts";

const jobs = [
  defineJob("mail", {
    payload: z.object({ to: z.string(), at: z.string().transform((text) => new Date(text)) }),
  }),
  defineJob("note", { payload: z.object({ text: z.string() }) }),
] as const;
const payload = { to: "ada", at: "2026-01-01" };
const of = { jobs, type: "mail", payload } as const;

describe("runHandler", () => {
  it("gives the payload as the schema has it, and tells what came of the run", async () => {
    const run = await runHandler({
      ...of,
      attempt: 2,
      workflowId: "wf-1",
      handler: async ({ to, at }, ctx) => {
        const sent = await ctx.once("send", () => ({ id: `${to}-${ctx.attempt}` }));
        ctx.enqueue("note", { text: sent.id });
        ctx.onCommit(async () => undefined);
        return { year: at.getUTCFullYear(), again: await ctx.once("early", () => "never called") };
      },
      steps: { early: "stored before" },
    });
    expect(run).toMatchObject({
      outcome: "completed",
      result: { year: 2026, again: "stored before" },
      snoozeMs: null,
      enqueued: [{ type: "note", payload: '{"text":"ada-2"}', workflowId: "wf-1" }],
      effects: [expect.any(Function)],
      steps: { early: "stored before", send: { id: "ada-2" } },
    });
  });

  it("tells a snooze and a cancellation from a result", async () => {
    expect(await runHandler({ ...of, handler: () => snooze(5_000) })).toMatchObject({
      outcome: "snoozed",
      snoozeMs: 5_000,
      result: null,
    });
    expect(await runHandler({ ...of, handler: () => cancel() })).toMatchObject({ outcome: "cancelled" });
  });

  it("throws what the handler throws, and refuses what a worker would refuse", async () => {
    const handler = (): never => {
      throw new RangeError("too far");
    };
    await expect(runHandler({ ...of, handler })).rejects.toThrow(new RangeError("too far"));
    const wrong = { to: 1, at: "2026-01-01" } as unknown as typeof payload;
    await expect(runHandler({ ...of, payload: wrong, handler: () => undefined })).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
    });
    const asking = runHandler({
      ...of,
      handler: (_, ctx) => ctx.enqueue("note", { text: 1 as unknown as string }),
    });
    await expect(asking).rejects.toMatchObject({ code: "PAYLOAD_INVALID" });
  });

  it("aborts the handler's signal with that of the test", async () => {
    const controller = new AbortController();
    const run = runHandler({
      ...of,
      signal: controller.signal,
      handler: (_, { signal }) =>
        new Promise((resolve) => signal.addEventListener("abort", () => resolve("heard"))),
    });
    controller.abort(new Error("over"));
    expect((await run).result).toBe("heard");
  });
});
