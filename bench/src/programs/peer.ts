import { answer, answerAndEnd, readTask } from "./task.ts";

/** One of the other queues, opened at a place. */
export interface PeerClient {
  /** Adds a job with the payload of `n` and resolves once it is stored. */
  add(n: number): Promise<unknown>;
  /** Adds jobs in one call; `to` is not among them. */
  addMany(from: number, to: number): Promise<unknown>;
  /** Starts a worker. */
  work(onJob: (n: number) => void): Promise<void>;
  /** Whether the end of every job has been recorded. */
  isDrained(): Promise<boolean>;
  close(): Promise<void>;
}

export interface PeerTask {
  readonly place: string;
  readonly mode: "one" | "bulk" | "drain" | "worker" | "producer";
  /** Jobs that it does before it is timed. */
  readonly warmUp: number;
  readonly count: number;
}

const BULK = 1_000;
/** Some add a few hundred jobs a second: no more are added than in so long, in milliseconds. A rate needs no more. */
const LONGEST_MS = { warmUp: 2_000, timed: 4_000 };

async function addAll(client: PeerClient, count: number): Promise<void> {
  for (let n = 0; n < count; n += BULK) await client.addMany(n, Math.min(n + BULK, count));
}

/** @returns jobs per second */
async function add(
  client: PeerClient,
  mode: "one" | "bulk",
  count: number,
  longestMs: number,
): Promise<number> {
  const startedAt = performance.now();
  let added = 0;
  while (added < count && performance.now() - startedAt < longestMs) {
    const next = mode === "bulk" ? Math.min(added + BULK, count) : added + 1;
    await (mode === "bulk" ? client.addMany(added, next) : client.add(added));
    added = next;
  }
  return added / ((performance.now() - startedAt) / 1_000);
}

/** Jobs per second from the first run behind the warm-up to the last recorded end. */
async function drain(client: PeerClient, { warmUp, count }: PeerTask): Promise<number> {
  await addAll(client, warmUp + count);
  const handled = Promise.withResolvers<void>();
  let runs = 0;
  let firstAt = 0;
  await client.work(() => {
    if (++runs === warmUp + 1) firstAt = performance.now();
    if (runs === warmUp + count) handled.resolve();
  });
  await handled.promise;
  while (!(await client.isDrained())) await new Promise((resolve) => setTimeout(resolve, 1));
  return count / ((performance.now() - firstAt) / 1_000);
}

/** Does what the benchmark asks of a peer, in a process of its own. */
export async function runPeer(open: (task: PeerTask) => Promise<PeerClient>): Promise<void> {
  const task = readTask<PeerTask>();
  const { mode, warmUp, count } = task;
  const client = await open(task);
  if (mode === "worker" || mode === "producer") return await talk(client, mode);
  let perSecond: number;
  if (mode === "drain") {
    perSecond = await drain(client, task);
  } else {
    await add(client, mode, warmUp, LONGEST_MS.warmUp);
    perSecond = await add(client, mode, count, LONGEST_MS.timed);
  }
  await client.close();
  answerAndEnd({ perSecond });
}

/** Either side of a pick-up. The monotonic clock is one for all processes of a machine. */
async function talk(client: PeerClient, mode: "worker" | "producer"): Promise<void> {
  const now = (): string => String(process.hrtime.bigint());
  process.on("message", (message: { n?: number; end?: true }) => {
    if (message.end) {
      void client.close().then(() => answer({ ended: true }));
    } else if (message.n !== undefined) {
      const { n } = message;
      const atNs = now();
      void client.add(n).then(() => answer({ n, atNs }));
    }
  });
  if (mode === "worker") await client.work((n) => answer({ n, atNs: now() }));
  answer({ ready: true });
}
