export type { ResultOptions } from "./await-result.ts";
export type { Clock } from "./clock.ts";
export { systemClock } from "./clock.ts";
export type { CronChange, CronDefinition, CronDefinitionOf, CronOptions, CronTiming } from "./cron.ts";
export * from "./define.ts";
export * from "./errors.ts";
export type { EventOptions, JobEvent, MissedEvents } from "./events.ts";
export { FaultLog } from "./fault-log.ts";
export type { GroupState, Groups, GroupWeight } from "./groups.ts";
export {
  DEFAULT_HEALTH_LIMITS,
  type HealthFacts,
  type HealthLimits,
  judgeHealth,
  type QueueHealth,
} from "./health.ts";
export type {
  HistoryPoint,
  HistoryQuery,
  Latency,
  MinuteRange,
  MinuteStat,
  QueueHistory,
} from "./history.ts";
export type { Attempt, ClaimedJob, DeadLetter, DiscardedJob, Job, JobStatus } from "./job.ts";
export { createKeyring, type EncryptionKey, type Keyring, parseKeyring } from "./keyring.ts";
export type { DeclaredLimits, LimitBounds, Pace, StandingLimit } from "./limits.ts";
export type { JobSettings } from "./new-job.ts";
export { cancel, type HandlerOutcome, snooze } from "./outcome.ts";
export type { Pauses } from "./pauses.ts";
export { parsePayload, serializePayload } from "./payload.ts";
export {
  type Claimed,
  createQueue,
  DEFAULT_LEASE_MS,
  type DeadLetterChange,
  type DequeueOptions,
  type EnqueuedJob,
  type EnqueueOptions,
  type EnqueueResult,
  Queue,
  type QueueOptions,
  type RefusedItemError,
} from "./queue.ts";
export type { Retention } from "./retention.ts";
export type { RunReport, StoredReport } from "./run-report.ts";
export {
  type CatchUp,
  computeNextRun,
  type DeclaredSchedules,
  nextRuns,
  type Overlap,
  type Schedule,
} from "./schedule.ts";
export { withoutSealed } from "./sealed.ts";
export type { QueueStats, UnreadJobs } from "./stats.ts";
export type {
  AuditEntry,
  DeadLetterFilter,
  DeadLetterQuery,
  Dependency,
  DiscardedQuery,
  Durability,
  FailedRun,
  JobQuery,
  JobStore,
  Page,
  RetentionPolicy,
  StoredPayload,
  Transaction,
  WorkerRecord,
} from "./store.ts";
export { allows, type JobState, outcomesOf, STATES, TRANSITIONS, type Verb } from "./transitions.ts";
export type { OnConflict, UniqueRule, UniqueScope } from "./uniqueness.ts";
export type {
  BatchContext,
  BatchHandler,
  BatchJob,
  BatchSettings,
  JobContext,
  JobHandler,
  JobHandlers,
} from "./worker/handler.ts";
export { type IsolatedRunServer, serveIsolatedRun } from "./worker/serve-isolated-run.ts";
export { isStrayOfJob } from "./worker/stray-errors.ts";
export { createWorker, Worker, type WorkerOptions } from "./worker/worker.ts";
export type {
  StartedWorkflow,
  StepParent,
  StepSettings,
  WorkflowCounts,
  WorkflowState,
  WorkflowSteps,
} from "./workflow.ts";
