// Adds jobs, as a service does: one by one, in bulk, or from many callers at once.
import { payloadOf } from "../holdfast/jobs.ts";
import { openQueue } from "../holdfast/open.ts";
import { answerAndEnd, readTask, timed } from "./task.ts";

interface Task {
  readonly path: string;
  readonly warmUp: number;
  readonly count: number;
  readonly mode: "one" | "bulk" | "callers";
}

const { path, warmUp, count, mode } = readTask<Task>();
const BULK = 1_000;
const CALLERS = 100;

await using opened = await openQueue(path);
const { queue } = opened;

async function add(jobs: number): Promise<void> {
  if (mode === "one") {
    for (let n = 0; n < jobs; n++) await queue.enqueue("t0", payloadOf(n), { durability: "normal" });
  } else if (mode === "bulk") {
    for (let n = 0; n < jobs; n += BULK) {
      const payloads = Array.from({ length: Math.min(BULK, jobs - n) }, (_, i) => payloadOf(n + i));
      await queue.enqueueMany("t0", payloads, { durability: "normal" });
    }
  } else {
    await Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        for (let n = caller; n < jobs; n += CALLERS) await queue.enqueue("t0", payloadOf(n));
      }),
    );
  }
}

await add(warmUp);
const seconds = await timed(() => add(count));
answerAndEnd({ perSecond: count / seconds });
