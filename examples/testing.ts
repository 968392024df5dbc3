// Tests of code that uses the queue, without a file and without waiting:
// node_modules/.bin/node --conditions=source examples/testing.ts
import assert from "node:assert/strict";
import { type BatchHandler, createQueue, defineJob, fixed, type JobHandler } from "@holdfast/queue-core";
import { assertEnqueued, drain, FakeClock, MemoryDatabase, runHandler } from "@holdfast/queue-core/testing";
import { z } from "zod";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const payload = z.object({ email: z.email() });
const jobs = [
  defineJob("send_welcome", { payload, retry: { backoff: fixed({ delayMs: MINUTE_MS }) } }),
  defineJob("ask_how_it_goes", { payload }),
] as const;

// What is to be tested: it enqueues, and it handles.
let isMailServerUp = false;
const sendWelcome: JobHandler<typeof jobs, "send_welcome"> = ({ email }, ctx) => {
  if (!isMailServerUp) throw new Error("the mail server is down");
  ctx.enqueue("ask_how_it_goes", { email }, { delayMs: DAY_MS });
  return `sent to ${email}`;
};
const handlers = { send_welcome: sendWelcome, ask_how_it_goes: () => undefined };

const memory = await MemoryDatabase.open();
const clock = new FakeClock();
const queue = createQueue({ store: memory.openStore({ clock }), jobs, clock });
const signUp = (email: string) => queue.enqueue("send_welcome", { email });

await signUp("ada@example.com");
await assertEnqueued(queue, "send_welcome", { payload: { email: "ada@example.com" } });
console.log("✓ a sign-up enqueues its mail");

// The real worker pipeline; when nothing is due the clock is moved on to what comes next.
const [failed] = await drain({ queue, handlers });
assert.equal(failed?.status, "scheduled");
isMailServerUp = true;
const begin = clock.now();
const rest = await drain({ queue, handlers, clock });
assert.deepEqual(
  rest.map(({ type, status }) => [type, status]),
  [
    ["send_welcome", "completed"],
    ["ask_how_it_goes", "completed"],
  ],
);
assert.equal(clock.now() - begin, MINUTE_MS + DAY_MS);
console.log("✓ the mail is retried after a minute, and its follow-up a day later");

const run = await runHandler({
  jobs,
  type: "send_welcome",
  handler: sendWelcome,
  payload: { email: "ada@example.com" },
});
console.log(`✓ the handler alone: ${String(run.result)}, and asks for ${run.enqueued.length} job`);

// A handler of batches is run with some payloads, and tells what each job came to.
const askTogether: BatchHandler<typeof jobs, "ask_how_it_goes"> = {
  batch: { size: 100 },
  handle: (people) => {
    for (const person of people)
      if (person.payload.email.endsWith("@example.com")) person.fail(new Error("nobody reads this"));
  },
};
const asked = await runHandler({
  jobs,
  type: "ask_how_it_goes",
  handler: askTogether,
  payloads: [{ email: "ada@example.com" }, { email: "grace@example.org" }],
});
console.log(`✓ a handler of batches: ${asked.map(({ outcome }) => outcome).join(", ")}`);

memory.close();
