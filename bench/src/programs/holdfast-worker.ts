// A worker as in production: real `createWorker`, heartbeat thread, validation. Its handlers do nothing but count.
import { createWorker } from "@holdfast/queue-core";
import { TYPES } from "../holdfast/jobs.ts";
import { openQueue } from "../holdfast/open.ts";
import { answer, readTask } from "./task.ts";

interface Task {
  readonly path: string;
  readonly concurrency?: number;
  readonly types?: readonly string[];
  readonly report?: boolean;
}

const { path, concurrency, types = TYPES, report } = readTask<Task>();
const opened = await openQueue(path);
let handled = 0;
const handler = ({ n }: { readonly n: number }): void => {
  handled++;
  // The monotonic clock is one for all processes of a machine.
  if (report) answer({ n, atNs: String(process.hrtime.bigint()) });
};
const worker = createWorker({
  queue: opened.queue,
  handlers: Object.fromEntries(types.map((type) => [type, handler])),
  ...(concurrency && { concurrency }),
});
const usage = (): object => {
  const { user, system } = process.cpuUsage();
  return { handled, cpuMs: (user + system) / 1_000, rssMb: process.resourceUsage().maxRSS / 1_024 };
};
process.on("message", (message: { go?: true; usage?: true; end?: true }) => {
  if (message.go) worker.start();
  if (message.usage) answer(usage());
  if (message.end) void end();
});
async function end(): Promise<void> {
  const last = usage();
  await worker.stop();
  await opened.store.close();
  answer(last);
}
answer({ ready: true, workerId: worker.id });
