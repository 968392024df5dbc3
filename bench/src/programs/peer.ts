import { answer, answerAndEnd, readTask, timed } from "./task.ts";

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

async function addAll(client: PeerClient, count: number): Promise<void> {
  for (let n = 0; n < count; n += BULK) await client.addMany(n, Math.min(n + BULK, count));
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
  const { mode, count } = task;
  const client = await open(task);
  if (mode === "worker" || mode === "producer") return await talk(client, mode);
  let perSecond: number;
  if (mode === "drain") {
    perSecond = await drain(client, task);
  } else {
    const add = async (jobs: number): Promise<void> => {
      if (mode === "bulk") await addAll(client, jobs);
      else for (let n = 0; n < jobs; n++) await client.add(n);
    };
    await add(task.warmUp);
    const seconds = await timed(() => add(count));
    perSecond = count / seconds;
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
