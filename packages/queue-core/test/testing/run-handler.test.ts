import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type BatchHandler, cancel, defineJob, snooze } from "../../src/index.ts";
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
        for (const told of [10, { page: 2 }]) ctx.progress(told);
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
      progress: [10, { page: 2 }],
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

  it("needs no key for a type that is encrypted, and shows what it asks for in plain text", async () => {
    const sealed = [defineJob("pay", { payload: z.object({ iban: z.string() }), encrypted: true })] as const;
    const run = await runHandler({
      jobs: sealed,
      type: "pay",
      payload: { iban: "DE02" },
      handler: async ({ iban }, ctx) => {
        ctx.enqueue("pay", { iban });
        return ctx.once("send", () => iban);
      },
    });
    expect(run).toMatchObject({ result: "DE02", enqueued: [{ payload: '{"iban":"DE02"}' }] });
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

describe("runHandler of a handler of batches", () => {
  type MailHandler = BatchHandler<typeof jobs, "mail">;
  const batchOf = (handle: MailHandler["handle"], size = 3) =>
    ({ jobs, type: "mail", handler: { batch: { size }, handle } }) as const;
  const payloads = ["ada", "grace", "edsger"].map((to) => ({ to, at: "2026-01-01" }));

  it("tells what each job came to, in the order of the payloads", async () => {
    const handle: MailHandler["handle"] = async (mails) => {
      const [first, second, third] = mails;
      third?.complete(snooze(5_000));
      second?.enqueue("note", { text: "never sent" });
      second?.fail(new RangeError("mailbox full"));
      first?.enqueue("note", { text: `${first.payload.to} ${first.payload.at.getUTCFullYear()}` });
      first?.onCommit(async () => undefined);
      first?.complete(await first.once("send", () => "accepted"));
    };
    expect(await runHandler({ ...batchOf(handle), payloads, workflowId: "wf-1" })).toMatchObject([
      {
        outcome: "completed",
        result: "accepted",
        error: undefined,
        enqueued: [{ type: "note", payload: '{"text":"ada 2026"}', workflowId: "wf-1" }],
        effects: [expect.any(Function)],
        steps: { send: "accepted" },
      },
      { outcome: "failed", error: new RangeError("mailbox full"), result: null, enqueued: [], steps: {} },
      { outcome: "snoozed", snoozeMs: 5_000 },
    ]);
  });

  it("ends the jobs that it said nothing about as a worker does", async () => {
    const outcomes = async (handle: MailHandler["handle"]) =>
      (await runHandler({ ...batchOf(handle), payloads })).map(({ outcome, error }) => [outcome, error]);
    const ended = ["completed", undefined];
    expect(await outcomes(([first]) => first?.complete(cancel()))).toEqual([
      ["cancelled", undefined],
      ended,
      ended,
    ]);
    const luck = new Error("no luck");
    const failed = ["failed", luck];
    const unlucky: MailHandler["handle"] = ([first]) => {
      first?.complete();
      throw luck;
    };
    expect(await outcomes(unlucky)).toEqual([ended, failed, failed]);
    const list = (async ([first]: Parameters<MailHandler["handle"]>[0]) => {
      first?.complete();
      return [{ ok: true }];
    }) as unknown as MailHandler["handle"];
    const useless = ["failed", expect.objectContaining({ code: "RESULT_INVALID" })];
    expect(await outcomes(list)).toEqual([ended, useless, useless]);
  });

  it("lets no job end twice, nor ask for anything once it has ended", async () => {
    const handle: MailHandler["handle"] = ([first, second]) => {
      first?.complete();
      for (const again of [() => first?.fail(null), () => first?.enqueue("note", { text: "late" })])
        expect(again).toThrow(expect.objectContaining({ code: "RUN_ENDED" }));
      second?.complete(1n);
    };
    const runs = await runHandler({ ...batchOf(handle), payloads });
    expect(runs.map(({ outcome }) => outcome)).toEqual(["completed", "failed", "completed"]);
  });

  it("refuses what no worker would hand to it", async () => {
    const handle = (): void => undefined;
    await expect(runHandler({ ...batchOf(handle, 2), payloads })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
    const wrong = [{ to: 1, at: "2026-01-01" }] as unknown as typeof payloads;
    await expect(runHandler({ ...batchOf(handle), payloads: wrong })).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
    });
  });

  it("sets the scene for each job, and aborts its signal and that of the batch", async () => {
    const controller = new AbortController();
    const seen: unknown[] = [];
    const running = runHandler({
      ...batchOf(async (mails, { signal }) => {
        controller.abort(new Error("over"));
        seen.push(signal.reason);
        for (const mail of mails) {
          const { attempt, jobId } = mail;
          seen.push([attempt, await mail.parents(), mail.signal.aborted]);
          mail.complete(jobId);
        }
      }),
      payloads: payloads.slice(1),
      signal: controller.signal,
      attempt: 2,
    });
    const results = (await running).map(({ result }) => result);
    expect(new Set(results).size).toBe(2);
    expect(seen).toEqual([new Error("over"), [2, [], true], [2, [], true]]);
  });
});
