// One call for many jobs, each with an end of its own: node_modules/.bin/node --conditions=source examples/batches.ts
import { createQueue, defineJob, fixed } from "@holdfast/queue-core";
import { drain, FakeClock, MemoryDatabase } from "@holdfast/queue-core/testing";
import { z } from "zod";

const retry = { backoff: fixed({ delayMs: 60_000 }) };
const jobs = [defineJob("send_mail", { payload: z.object({ to: z.string() }), retry })] as const;

const memory = await MemoryDatabase.open();
const clock = new FakeClock();
const queue = createQueue({ store: memory.openStore({ clock }), jobs, clock });
const to = ["ada", "grace", "nobody", "konrad", "edsger"];
await queue.enqueueMany(
  "send_mail",
  to.map((name) => ({ to: name })),
);

const refused = new Set(["nobody"]);
const runs = await drain({
  queue,
  clock,
  handlers: {
    send_mail: {
      // Three at a time, or what has come within half a second.
      batch: { size: 3, lingerMs: 500 },
      handle: (mails) => {
        console.log(`sending to ${mails.map(({ payload }) => payload.to).join(", ")}`);
        for (const mail of mails) {
          // Only this one is tried again.
          if (refused.delete(mail.payload.to)) mail.fail(new Error("mailbox full"));
          else mail.complete(`accepted in attempt ${mail.attempt}`);
        }
      },
    },
  },
});
for (const { status, attempt } of runs) console.log(`attempt ${attempt}: ${status}`);
memory.close();
