export { assertEnqueued, assertNotEnqueued, type EnqueuedMatch } from "./assert-enqueued.ts";
export { type DrainedRun, type DrainOptions, drain } from "./drain.ts";
export { FakeClock } from "./fake-clock.ts";
export { MemoryDatabase, type MemoryStoreOptions, SharedConnection } from "./memory-database.ts";
export type { BatchJobRun, RunBatchHandlerOptions } from "./run-batch-handler.ts";
export { type RunHandlerOptions, runHandler } from "./run-handler.ts";
export { seededRandom, seedOfRun } from "./seeded-random.ts";
export type { HandlerRun, RunScene } from "./tested-run.ts";
