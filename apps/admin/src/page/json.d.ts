import type {
  Attempt,
  DeadLetter,
  DiscardedJob,
  FailedRun,
  GroupState,
  Groups,
  Job,
  JobEvent,
  QueueHealth,
  QueueHistory,
  QueueStats,
  Schedule,
  StandingLimit,
  StoredReport,
  WorkerRecord,
  WorkflowState,
} from "@holdfast/queue-core";

/** A value as it arrives: times are ISO 8601 text. */
type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Json<T[Key]> }
      : T;

/** An item of a list names the fields that were too long for it. */
type Listed<T> = Json<T> & { readonly cut: readonly string[] };
type WithHistory<T> = Json<T> & {
  readonly history: readonly Json<Attempt>[];
  /** What its runs told; in place of what is encrypted stands with which key. */
  readonly reports: readonly ReportJson[];
};

export interface List<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

type StatsJson = Json<QueueStats>;
type HealthJson = Json<QueueHealth>;
export type HistoryJson = Json<QueueHistory>;
export type AttemptJson = Json<Attempt>;
export type ReportJson = Json<Omit<StoredReport, "leaseToken">>;
export type JobItem = Listed<Job>;
export type JobJson = WithHistory<Job>;
export type DeadLetterItem = Listed<DeadLetter>;
export type DiscardedItem = Listed<DiscardedJob>;
/** `presentPayload`: what the payload is by its type's present version, for who edits it. */
export type DeadLetterJson = WithHistory<DeadLetter> & { readonly presentPayload: unknown };
export type EventJson = Json<JobEvent>;
export type FailureItem = Listed<FailedRun>;
type ScheduleItem = Listed<Schedule>;
export type GroupItem = GroupState;
export type LimitItem = Json<StandingLimit>;
type WorkflowJson = Json<WorkflowState>;
type WorkerItem = Listed<WorkerRecord>;

/** Everything the page shows, as of one moment. */
export interface Snapshot {
  /** The server's clock when it answered, in milliseconds since 1970 UTC. */
  readonly atMs: number;
  readonly stats: StatsJson;
  readonly health: HealthJson;
  readonly history: HistoryJson;
  readonly deadLetters: List<DeadLetterItem>;
  /** Null while the reader does not look at them. */
  readonly discarded: List<DiscardedItem> | null;
  readonly failures: List<FailureItem>;
  readonly schedules: List<ScheduleItem>;
  readonly limits: { readonly items: readonly LimitItem[] };
  readonly groups: Groups;
  readonly workers: List<WorkerItem>;
  readonly jobs: List<JobItem>;
  /** The one that the jobs are filtered by; null if they are not, or it is gone. */
  readonly workflow: WorkflowJson | null;
}
