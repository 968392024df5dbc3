import type { DeadReason } from "./define-job.ts";

/** Where a job stands. `failed` rows live in `dead_letter_jobs`; the others in `jobs`. */
export type JobStatus =
  | "waiting"
  | "scheduled"
  | "pending"
  | "processing"
  | "completed"
  | "cancelled"
  | "failed";

/** A job as the store has it. */
export interface Job {
  /** Sorts by time of creation. */
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
  /** Version of its type under which the payload was stored. */
  readonly payloadVersion: number;
  /** Of the key that the payload is encrypted with; null if it is not. */
  readonly keyId: string | null;
  readonly status: JobStatus;
  readonly priority: number;
  /** Recorded runs that completed, failed or timed out. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** How often its handler has asked to be run later; spends no attempt. */
  readonly snoozes: number;
  readonly lastError: string | null;
  /** When it may run, or was first allowed to; moves on with each retry. */
  readonly scheduledAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Set for `completed` only. */
  readonly completedAt: Date | null;
  readonly lockedBy: string | null;
  readonly lockedAt: Date | null;
  readonly workflowId: string | null;
  /** Not counted when its workflow is asked whether it is complete. */
  readonly detached: boolean;
  /** Its name in a workflow that was started from steps. */
  readonly step: string | null;
  /** The instant of its schedule that this job stands for, if a schedule made it. */
  readonly slotAt: Date | null;
  /** What the handler returned, if it completed with a result. */
  readonly result: unknown;
}

/** A job under a lease: what `dequeue` hands out and `completeJob` and `failJob` take back. */
export interface ClaimedJob {
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
  /** Version of its type under which the payload was stored. */
  readonly payloadVersion: number;
  /** Of the key that the payload is encrypted with; null if it is not. */
  readonly keyId: string | null;
  readonly priority: number;
  /** Number of the run that begins now, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly workflowId: string | null;
  readonly scheduledAt: Date;
  readonly createdAt: Date;
  readonly claimedAt: Date;
  readonly slotAt: Date | null;
  readonly workerId: string;
  /** Fencing token: every write about this run is refused once the store has given the job a newer one. */
  readonly leaseToken: number;
  /** Raised when a dead letter is retried with an edited payload; part of the idempotency key. */
  readonly generation: number;
  /** It was running in a process that died; it should run alone, in a process of its own, until cleared. */
  readonly suspect: boolean;
}

/** A job that was given up. */
export interface DeadLetter {
  readonly id: string;
  readonly originalJobId: string;
  readonly type: string;
  readonly payload: unknown;
  /** Version of its type under which the payload was stored; an edit stores the present one. */
  readonly payloadVersion: number;
  /** Of the key that the payload is encrypted with; null if it is not. */
  readonly keyId: string | null;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly priority: number;
  readonly lastError: string | null;
  readonly reason: DeadReason;
  readonly failedAt: Date;
  readonly createdAt: Date;
  readonly reviewed: boolean;
  readonly notes: string | null;
  readonly workflowId: string | null;
}

/** A dead letter that somebody has taken off the list. */
export interface DiscardedJob extends DeadLetter {
  readonly discardedAt: Date;
}

/** One recorded run of a job that did not complete, or the one that did. */
export interface Attempt {
  readonly attempt: number;
  readonly outcome: "completed" | "failed" | "timed_out";
  readonly error: string | null;
  readonly workerId: string | null;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}
