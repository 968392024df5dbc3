import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createQueue, createWorker, defineJob, type Queue } from "../src/index.ts";
import { shown, unknownOption } from "../src/known-options.ts";
import { FakeClock, MemoryDatabase } from "../src/testing/index.ts";

const payload = z.object({ n: z.number() });
const JOBS = [defineJob("mail", { payload }), defineJob("report", { payload })] as const;

let memory: MemoryDatabase;
let queue: Queue<typeof JOBS>;
beforeEach(async () => {
  memory = await MemoryDatabase.open();
  const clock = new FakeClock();
  queue = createQueue({ store: memory.openStore({ clock }), jobs: JOBS, clock });
});
afterEach(() => memory.close());

/** As it comes from a file, or from a caller without a compiler. */
const loose = (value: unknown): never => value as never;
const handle = (): void => undefined;

const REFUSED: readonly (readonly [string, () => unknown, string])[] = [
  ["enqueue", () => queue.enqueue("mail", { n: 1 }, loose({ uniquekey: "a" })), 'no option "uniquekey"'],
  ["enqueueMany", () => queue.enqueueMany("mail", [{ n: 1 }], loose({ delay: 5 })), 'no option "delay"'],
  ["unique", () => mail({ uniqueKey: "a", unique: { scope: "kept" } }), 'no option "scope"'],
  ["unique as text", () => mail({ uniqueKey: "a", unique: "unfinished" }), 'it is "unfinished"'],
  ["a step", () => queue.startWorkflowOf({ a: step({}), b: step({ afer: "a" }) }), 'Step "b": "mail": there'],
  ["registerCron", () => queue.registerCron("mail", "* * * * *", loose({ timezone: "UTC" })), '"timezone"'],
  ["syncCron", () => queue.syncCron([loose({ type: "mail", cron: "* * * * *" })]), 'Schedule "mail": '],
  ["a timing", () => queue.registerCron("mail", loose(5), { payload: { n: 1 } }), "or { everyMs }, got 5"],
  ["setLimit", () => queue.setLimit("mail", loose({ concurency: 1 })), 'no option "concurency"'],
  ["a rate", () => limit({ rate: { limit: 1, periodMs: 1, bursts: 2 } }), "its rate: there is no option"],
  [
    "a rate as a number",
    () => limit({ rate: 10 }),
    "its rate must be an object of limit, periodMs, burst, got 10",
  ],
  ["a rate per key", () => limit({ perKey: { rates: 1 } }), "its perKey: there is no option"],
  ["no limit", () => limit(undefined), "must be an object of rate, concurrency, perKey, got undefined"],
  ["defineJob", () => defineJob("x", loose({ payload, timeout: 5 })), 'no option "timeout"'],
  ["retry", () => defineJob("x", loose({ payload, retry: { attempt: 1 } })), 'no option "attempt"'],
  ["createWorker", () => createWorker(loose({ queue, handlers: {}, concurency: 5 })), '"concurency"'],
  ["no handlers", () => createWorker(loose({ queue })), "would take no jobs"],
  ["a handler", () => worker({ mail: "send" }), "its handler must be a function, or { batch"],
  ["a batch handler", () => worker({ mail: { batch: { size: 2 }, handle: null } }), "its handler must be a"],
  ["a batch of nothing", () => worker({ mail: { batch: null, handle } }), "its handler must be a function"],
  ["a batch", () => worker({ mail: { batch: { size: 2, linger: 5 }, handle } }), 'no option "linger"'],
  [
    "an object for a type",
    () => queue.pause(loose({ actor: "ada" })),
    "No job type an object in the catalog",
  ],
  ["text for a number", () => mail({ delayMs: "5" }), '(a year), got "5"'],
  ["a number for a key", () => mail({ limitKey: 5 }), "limitKey must be a string, got 5"],
  ["a number for a group", () => queue.setGroupWeight(loose(5), 2), "A group key must be a string, got 5"],
  ["a number for a workflow", () => mail({ workflowId: 7 }), "workflowId must be a string, got 7"],
  [
    "no text for a workflow",
    () => mail({ workflowId: "" }),
    "workflowId must have 1 to 512 characters, got 0",
  ],
  [
    "a number for a schedule",
    () => queue.registerCron("mail", "* * * * *", loose({ id: 7, payload: { n: 1 } })),
    "a string of 1 to 200",
  ],
  ["text for a date", () => mail({ runAt: "tomorrow" }), "runAt must be a valid date"],
  ["a job as parent", () => mail({ dependsOn: [{ id: "0-0" }] }), "{ jobId, whenDead }, got an object"],
  [
    "one parent",
    () => mail({ dependsOn: "0-0" }),
    'an array of job ids or of { jobId, whenDead }, got "0-0"',
  ],
  ["no parent", () => mail({ dependsOn: [undefined] }), "{ jobId, whenDead }, got undefined"],
];

const mail = (settings: object): Promise<unknown> => queue.enqueue("mail", { n: 1 }, loose(settings));
const limit = (given: unknown): Promise<unknown> => queue.setLimit("mail", loose(given));
const step = (settings: object): never => loose({ type: "mail", payload: { n: 1 }, ...settings });
const worker = (handlers: object): unknown => createWorker({ queue, handlers: loose(handlers) });

describe("what the compiler would have refused", () => {
  it.each(REFUSED)("is refused by its name, and nothing is stored: %s", async (_, call, message) => {
    await expect((async () => call())()).rejects.toMatchObject({
      code: expect.stringMatching(/_INVALID$|^HANDLER_MISSING$|^JOB_TYPE_UNKNOWN$/),
      message: expect.stringContaining(message),
    });
    expect((await queue.store.listJobs({ limit: 1 })).items).toEqual([]);
    expect(await queue.store.listSchedules()).toEqual([]);
    expect(await queue.limits()).toEqual([]);
  });

  it("is not refused where an option is there and undefined", async () => {
    const workflowId = queue.newWorkflowId();
    const settings = { limitKey: undefined, unique: undefined, dependsOn: undefined, priority: undefined };
    expect(await queue.enqueue("mail", { n: 1 }, { ...settings, workflowId })).toMatchObject({ workflowId });
  });

  it("keeps the version of a schedule as it is", async () => {
    const { id, version } = await queue.registerCron("mail", "* * * * *", { payload: { n: 1 } });
    await expect(queue.editCron(id, loose({ cron: "5 * * * *" }))).rejects.toThrow('no option "cron"');
    expect(await queue.store.listSchedules()).toMatchObject([{ version, expression: "* * * * *" }]);
  });
});

describe("unknownOption", () => {
  it("names the first that there is not, and those there are", () => {
    const names = { a: true, b: true } as const;
    expect(unknownOption({ a: 1 }, names)).toBe(null);
    expect(unknownOption(undefined, names)).toBe(null);
    expect(unknownOption(loose({ a: 1, toString: 2 }), names)).toBe(
      'there is no option "toString"; those there are: a, b',
    );
  });
});

describe("shown", () => {
  it("tells text from what it spells, and shows the beginning of a long one", () => {
    const values = ["4", 4, null, undefined, [4], { four: 4 }, Number.NaN, handle, "x".repeat(200)];
    expect(values.map(shown)).toEqual(
      ['"4"', "4", "null", "undefined", "an array", "an object", "NaN", "a function"].concat(
        `"${"x".repeat(100)}…"`,
      ),
    );
  });
});
