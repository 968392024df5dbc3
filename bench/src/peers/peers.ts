/** What a peer keeps its jobs in. */
export type Server = "none" | "redis" | "postgres";

/** Another queue that is measured beside ours. */
export interface Peer {
  readonly name: string;
  /** npm package that it is, for its version. */
  readonly npmName: string;
  /** Its program in `programs/`. */
  readonly program: string;
  readonly server: Server;
  /** How it is set up: what its own documentation recommends for speed. */
  readonly settings: string;
}

const POSTGRES = "PostgreSQL as installed but synchronous_commit = off, as durable as NORMAL";
const GRAPHILE =
  "concurrentJobs 24, maxPoolSize 25, localQueue 500, completeJobBatchDelay 0, failJobBatchDelay 0, addJobs by 1,000";

export const PEERS: readonly Peer[] = [
  {
    name: "plainjob",
    npmName: "plainjob",
    program: "plainjob",
    server: "none",
    settings:
      "its own pragmas (WAL, NORMAL), one worker with a poll of 1 ms while draining and its default else",
  },
  {
    name: "BullMQ",
    npmName: "bullmq",
    program: "bullmq",
    server: "redis",
    settings: "concurrency 100, addBulk by 1,000; Redis over a unix socket, AOF fsync every second",
  },
  {
    name: "graphile-worker",
    npmName: "graphile-worker",
    program: "graphile-worker",
    server: "postgres",
    settings: `${GRAPHILE}; ${POSTGRES}`,
  },
  {
    name: "pg-boss",
    npmName: "pg-boss",
    program: "pg-boss",
    server: "postgres",
    settings: `batchSize 1,000, burstWhenBatchFull, LISTEN/NOTIFY, insert by 1,000; ${POSTGRES}`,
  },
];
