import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createQueue,
  createWorker,
  defineJob,
  exponential,
  fixed,
  linear,
  type Queue,
} from "../src/index.ts";
import { shown, unknownOption } from "../src/known-options.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import { assertEnqueued, assertNotEnqueued, FakeClock, MemoryDatabase } from "../src/testing/index.ts";

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
  ["reviveMany", () => queue.store.reviveMany(loose({ jobType: "mail" })), 'no option "jobType"'],
  ["a limit for reviveMany", () => queue.store.reviveMany(loose({ limit: 5 })), 'no option "limit"'],
  ["listDeadLetters", () => queue.store.listDeadLetters(loose({ limit: 5, serach: "a" })), '"serach"'],
  ["countRevivable", () => queue.store.countRevivable({}, loose(undefined)), "atMost must be a whole number"],
  ["text for a Date", () => queue.store.reviveMany(loose({ failedFrom: "2026-01-01" })), 'got "2026-01-01"'],
  ["text for a pace", () => queue.store.reviveMany({}, loose({ perMinute: "60" })), 'got "60"'],
  ["editDeadLetter", () => queue.editDeadLetter("x", loose({ note: "a" })), 'no option "note"'],
  [
    "a number for notes",
    () => queue.editDeadLetter("x", loose({ notes: 5 })),
    "notes must be text or null, got 5",
  ],
  [
    "text for reviewed",
    () => queue.editDeadLetter("x", loose({ reviewed: "yes" })),
    'true or false, got "yes"',
  ],
  ["events", () => queue.events(loose({ kind: ["dead"] })).next(), 'no option "kind"'],
  ["text for a poll", () => queue.events(loose({ pollMs: "50" })).next(), 'got "50"'],
  [
    "text for kinds",
    () => queue.events(loose({ kinds: "dead" })).next(),
    'kinds must be an array, got "dead"',
  ],
  ["result", () => queue.result("x", loose({ timeout: 5 })), 'no option "timeout"'],
  ["text for a timeout", () => queue.result("x", loose({ timeoutMs: "5" })), 'got "5"'],
  ["prune", () => queue.prune(loose({ keepMs: 1, dead: 1 })), 'no option "dead"'],
  ["prune a type", () => queue.prune({ keepMs: 1, byType: { mial: {} } }), 'No job type "mial"'],
  ["retention", () => defineJob("x", loose({ payload, retention: { keepMs: 1 } })), 'no option "keepMs"'],
  [
    "retention as a number",
    () => defineJob("x", loose({ payload, retention: 5 })),
    "retention must be an object",
  ],
  [
    "keepLog",
    () => defineJob("x", loose({ payload, keepLog: "all" })),
    "keepLog must be true, false or { maxBytes }",
  ],
  [
    "encrypted",
    () => defineJob("x", loose({ payload, encrypted: "yes" })),
    'encrypted must be true or false, got "yes"',
  ],
  ["onDead", () => defineJob("x", loose({ payload, onDead: 5 })), "onDead must be a function, got 5"],
  [
    "backoff",
    () => defineJob("x", loose({ payload, retry: { backoff: 1_000 } })),
    "retry.backoff must be linear()",
  ],
  ["fixed", () => fixed(loose(5_000)), "fixed takes { delayMs }: got 5000"],
  ["exponential", () => exponential(loose({ first: 1, max: 2 })), 'no option "first"'],
  [
    "a backoff of NaN",
    () => exponential({ firstMs: Number.NaN, maxMs: 1 }),
    "firstMs must be milliseconds from 0, got NaN",
  ],
  ["linear", () => linear(loose({ firstMs: 10 })), 'no option "firstMs"'],
  [
    "checkQueueHealth",
    () => queue.checkQueueHealth(loose({ oldestPending: 1 })),
    'no option "oldestPending"',
  ],
  ["text for a bound", () => queue.checkQueueHealth(loose({ pending: "5" })), 'a number from 0, got "5"'],
  ["history", () => queue.history(loose({ step: 15 })), 'no option "step"'],
  ["durability", () => mail({ durability: "fast" }), 'durability must be "full" or "normal", got "fast"'],
  ["no options", () => queue.enqueue("mail", { n: 1 }, loose(null)), "options must be an object, got null"],
  ["openSqliteStore", () => openSqliteStore(loose({ path: "x.db", migration: [] })), 'no option "migration"'],
  ["a store", () => createQueue({ store: loose(Promise.resolve()), jobs: JOBS }), "await it"],
  [
    "jobs",
    () => createQueue({ store: queue.store, jobs: loose({}) }),
    "jobs must be an array of what defineJob gives",
  ],
  [
    "a plain job",
    () => createQueue({ store: queue.store, jobs: loose([{ type: "x" }]) }),
    "what defineJob gives",
  ],
  [
    "a keyring",
    () => createQueue({ store: queue.store, jobs: JOBS, keyring: loose("id:key") }),
    "keyring must be",
  ],
  [
    "a module",
    () => worker({ mail: handle }, { isolatedEntry: new URL("file:///nowhere.ts") }),
    "a file that is there",
  ],
  ["a path", () => worker({ mail: handle }, { isolatedEntry: "./isolated.ts" }), 'got "./isolated.ts"'],
  ["assertEnqueued", () => assertEnqueued(queue, "mail", loose({ n: 1 })), 'no option "n"'],
  ["assertNotEnqueued", () => assertNotEnqueued(queue, loose("mial")), 'No job type "mial"'],
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
const worker = (handlers: object, options: object = {}): unknown =>
  createWorker({ queue, handlers: loose(handlers), ...options });

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

  it("is told of a store that was closed", async () => {
    memory.close();
    await expect(queue.enqueue("mail", { n: 1 })).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await expect(queue.stats()).rejects.toMatchObject({ code: "STORE_CLOSED" });
    memory = await MemoryDatabase.open();
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
