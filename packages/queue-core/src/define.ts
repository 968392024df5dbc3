// Entry of `@holdfast/queue-core/define`: pure values, no driver, so that packages which only describe jobs stay light.
export type { Backoff } from "./backoff.ts";
export { custom, exponential, fixed, linear } from "./backoff.ts";
export type {
  AnyResult,
  DeadJob,
  DeadReason,
  FollowUp,
  JobCatalog,
  JobDefinition,
  JobOptions,
  JobType,
  PayloadInput,
  PayloadOutput,
  ResultInput,
  ResultOutput,
} from "./define-job.ts";
export { defineJob } from "./define-job.ts";
export type { JobLimit, PaceLimit, RateLimit } from "./limits.ts";
export { PRIORITY } from "./priority.ts";
export type { Upcaster, Upcasters } from "./upcast.ts";
