// Adds jobs, as a service does: one by one, in bulk, or from many callers at once.
import { payloadOf } from "../holdfast/jobs.ts";
import { openQueue } from "../holdfast/open.ts";
import { answerAndEnd, readTask, timed } from "./task.ts";

const { path, count, mode } = readTask<{ path: string; count: number; mode: "one" | "bulk" | "callers" }>();
const BULK = 1_000;
const CALLERS = 100;

await using opened = await openQueue(path);
const { queue } = opened;
const seconds = await timed(async () => {
  if (mode === "one") {
    for (let n = 0; n < count; n++) await queue.enqueue("t0", payloadOf(n), { durability: "normal" });
  } else if (mode === "bulk") {
    for (let n = 0; n < count; n += BULK) {
      const payloads = Array.from({ length: Math.min(BULK, count - n) }, (_, i) => payloadOf(n + i));
      await queue.enqueueMany("t0", payloads, { durability: "normal" });
    }
  } else {
    await Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        for (let n = caller; n < count; n += CALLERS) await queue.enqueue("t0", payloadOf(n));
      }),
    );
  }
});
answerAndEnd({ perSecond: count / seconds });
