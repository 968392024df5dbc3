import type { JobStatus } from "./job.ts";

/** Base of every error the queue throws on purpose; `code` is stable, messages are not. */
export abstract class QueueError extends Error {
  abstract readonly code: string;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * Says in an error which of several things it is about, if it is one of ours.
 * @param place such as `payloads[3]`
 */
export function placed(place: string, error: unknown): unknown {
  if (!(error instanceof QueueError)) return error;
  const { message, stack } = error;
  error.message = `${place}: ${message}`;
  // It begins with the message, and is what a log shows.
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  return error;
}

export interface PayloadIssue {
  /** Dotted path into the payload, e.g. `items.0.quantity`; empty for the payload itself. */
  readonly field: string;
  readonly message: string;
}

/** A job type is defined with a value out of range. */
export class JobDefinitionError extends QueueError {
  readonly code = "JOB_DEFINITION_INVALID";
}

/** A job type that the catalog does not know, or two definitions of one name. */
export class JobTypeUnknownError extends QueueError {
  readonly code = "JOB_TYPE_UNKNOWN";
}

/** A limit of a name that neither a type has nor a limit that types share. */
export class LimitUnknownError extends QueueError {
  readonly code = "LIMIT_UNKNOWN";
}

/** A payload that its schema refuses; nothing was stored. */
export class PayloadInvalidError extends QueueError {
  readonly code = "PAYLOAD_INVALID";
  readonly type: string;
  readonly issues: readonly PayloadIssue[];
  constructor(type: string, issues: readonly PayloadIssue[]) {
    const problems = issues.map(({ field, message }) => (field ? `${field}: ${message}` : message));
    super(`Payload of "${type}" is invalid: ${problems.join("; ")}`);
    this.type = type;
    this.issues = issues;
  }
}

/** A payload was stored by a newer deploy: this process cannot read it, let alone change it. */
export class PayloadNewerError extends QueueError {
  readonly code = "PAYLOAD_NEWER";
}

/** Keys for payloads that cannot be used; the message never holds one. */
export class EncryptionKeyInvalidError extends QueueError {
  readonly code = "ENCRYPTION_KEY_INVALID";
}

/** This process lacks the key that something is, or is to be, encrypted with. */
export class EncryptionKeyMissingError extends QueueError {
  readonly code = "ENCRYPTION_KEY_MISSING";
}

/** What is stored was encrypted, but cannot be decrypted as what it is said to be. */
export class SealBrokenError extends QueueError {
  readonly code = "SEAL_BROKEN";
}

/** What a handler, a step or a caller gave as the result of a run cannot be stored; nothing was. */
export class ResultInvalidError extends QueueError {
  readonly code = "RESULT_INVALID";
}

/** What a handler reported as its progress is too large, out of range, or no JSON; nothing was stored. */
export class ProgressInvalidError extends QueueError {
  readonly code = "PROGRESS_INVALID";
}

/** An option of a call (priority, delay, limit, …) is out of range; nothing was stored. */
export class OptionInvalidError extends QueueError {
  readonly code = "OPTION_INVALID";
}

/** The job's lease belongs to somebody else by now, so this write was refused and changed nothing. */
export class LeaseLostError extends QueueError {
  readonly code = "LEASE_LOST";
  readonly jobId: string;
  constructor(jobId: string) {
    super(
      `The lease on job ${jobId} was lost: another worker may be running it, so this result was not recorded`,
    );
    this.jobId = jobId;
  }
}

/** No job, dead letter or schedule has this id. */
export class JobNotFoundError extends QueueError {
  readonly code = "JOB_NOT_FOUND";
}

/** The job is in a state from which this verb is not allowed; nothing changed. */
export class JobStateError extends QueueError {
  readonly code = "JOB_STATE_CONFLICT";
  readonly status: JobStatus;
  constructor(message: string, status: JobStatus) {
    super(message);
    this.status = status;
  }
}

/** A dependency that cannot be met: an unknown parent. */
export class JobDependencyError extends QueueError {
  readonly code = "JOB_DEPENDENCY_INVALID";
  /** The parents that are not there. */
  readonly unknownIds: readonly string[];
  constructor(message: string, unknownIds: readonly string[] = []) {
    super(message);
    this.unknownIds = unknownIds;
  }
}

/** `enqueue` without `tx` inside a `store.transaction` callback: it would wait for the transaction it stands in. */
export class TransactionMissingError extends QueueError {
  readonly code = "TRANSACTION_MISSING";
}

/** A transaction callback waited for something else than the database; it was rolled back. */
export class TransactionStalledError extends QueueError {
  readonly code = "TRANSACTION_STALLED";
}

/** A transaction was used after its callback had ended. */
export class TransactionClosedError extends QueueError {
  readonly code = "TRANSACTION_CLOSED";
}

/** The database stayed locked by others past the deadline; nothing was written. Try again. */
export class StoreBusyError extends QueueError {
  readonly code = "STORE_BUSY";
}

/** The database cannot be written now (disk full, I/O error); nothing was written. */
export class StoreUnavailableError extends QueueError {
  readonly code = "STORE_UNAVAILABLE";
}

/** The store was closed by this process; nothing was read or written. */
export class StoreClosedError extends QueueError {
  readonly code = "STORE_CLOSED";
}

/** The database must not be opened as it stands; the message says what to change. */
export class StoreRefusedError extends QueueError {
  readonly code = "STORE_REFUSED";
}

/** A cron expression, interval or time zone that cannot be used. */
export class ScheduleInvalidError extends QueueError {
  readonly code = "SCHEDULE_INVALID";
}

/** The schedule is no longer as it was when the change was thought of; nothing changed. */
export class ScheduleConflictError extends QueueError {
  readonly code = "SCHEDULE_CONFLICT";
}

/** The attempt ran longer than its type allows. */
export class AttemptTimeoutError extends QueueError {
  readonly code = "ATTEMPT_TIMEOUT";
}

/** Thrown by a handler to give a job up at once: another attempt cannot help. */
export class NonRetryableError extends QueueError {
  readonly code = "NON_RETRYABLE";
}

/** The job that somebody waits for was given up. */
export class JobFailedError extends QueueError {
  readonly code = "JOB_FAILED";
  readonly jobId: string;
  /** What its last run failed with. */
  readonly lastError: string | null;
  constructor(jobId: string, lastError: string | null) {
    super(`Job ${jobId} was given up: ${lastError ?? "nothing is known of its last run"}`);
    this.jobId = jobId;
    this.lastError = lastError;
  }
}

/** The job that somebody waits for has not ended in time; it goes on. */
export class ResultTimeoutError extends QueueError {
  readonly code = "RESULT_TIMEOUT";
}

/** Somebody cancelled the job: why its handler's signal aborts, and what who waits for its result is told. */
export class JobCancelledError extends QueueError {
  readonly code = "JOB_CANCELLED";
}

/** Why a handler's signal aborts: the worker has to stop and handed the job back, unspent. */
export class WorkerStoppingError extends QueueError {
  readonly code = "WORKER_STOPPING";
}

/** A handler asked its context for something after its run had ended; nothing could commit it any more. */
export class RunEndedError extends QueueError {
  readonly code = "RUN_ENDED";
}

/** Steps that make no workflow: a name that cannot be used, an unknown parent, or steps that wait for one another. */
export class WorkflowInvalidError extends QueueError {
  readonly code = "WORKFLOW_INVALID";
}

/** No job belongs to this workflow. */
export class WorkflowNotFoundError extends QueueError {
  readonly code = "WORKFLOW_NOT_FOUND";
}

/** A worker is asked to take job types it has no handler for, or none at all. */
export class HandlerMissingError extends QueueError {
  readonly code = "HANDLER_MISSING";
}
