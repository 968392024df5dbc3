import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Backoff } from "./backoff.ts";
import { linear } from "./backoff.ts";
import { JobDefinitionError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
import { isLogBytes, type KeepLog, LOG_BYTES_RANGE, logBytesOf } from "./log-bytes.ts";
import { HIGHEST_PRIORITY, LOWEST_PRIORITY, PRIORITY } from "./priority.ts";
import { badRetention, type Retention } from "./retention.ts";
import { EXPIRE_AFTER_RANGE, isExpireAfter, MAX_ATTEMPTS } from "./retry-policy.ts";
import { requireUpcasters, type Upcaster, type Upcasters } from "./upcast.ts";

/** A timer set for longer fires at once: Node keeps its delay in 32 bits. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A job to add in the same transaction as something else; its payload is checked when that happens. */
export interface FollowUp {
  readonly type: string;
  readonly payload: unknown;
  /** Default: the type's own priority. */
  readonly priority?: number;
  /** Milliseconds to wait before it may run; 0 by default. */
  readonly delayMs?: number;
  /** Default: the type's own; null: for ever. */
  readonly expireAfterMs?: number | null;
  /** Whose job it is, where a limit holds per key. */
  readonly limitKey?: string;
  /** Whose job it is, for fair turns between groups. */
  readonly groupKey?: string;
  /** At most one job of this type with this key is kept. */
  readonly uniqueKey?: string;
  /** Not counted when a workflow is asked whether it is complete. */
  readonly detached?: boolean;
}

/** What an `onDead` hook is told about the job that has just been given up. */
export interface DeadJob<Payload = unknown> {
  readonly id: string;
  readonly type: string;
  readonly payload: Payload;
  readonly workflowId: string | null;
  readonly attempts: number;
  readonly reason: DeadReason;
  readonly error: string;
}

/** Why a job was given up. */
export type DeadReason =
  | "attempts_exhausted"
  | "not_retryable"
  | "invalid_payload"
  | "undecryptable_payload"
  | "worker_died"
  | "expired";

/** When a job is tried again after a failed run. */
export interface RetryPolicy {
  /** Recorded runs before a job is given up. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** Whether another run can help after this error; `false` gives the job up at once, as `NonRetryableError` does. */
  readonly shouldRetry?: (error: unknown) => boolean;
}

/** What a job returns if its type has no schema for it. */
export type AnyResult = StandardSchemaV1<unknown, unknown>;

export interface JobOptions<
  Schema extends StandardSchemaV1,
  Result extends StandardSchemaV1<unknown, unknown> = AnyResult,
> {
  /** Any Standard Schema validator (zod, valibot, arktype, …). It must validate synchronously. */
  readonly payload: Schema;
  /**
   * What its handlers return; anything JSON can hold by default. A run whose result does not fit has failed. It is
   * stored as returned and checked again when it is read, as a payload is.
   */
  readonly result?: Result;
  /**
   * Version of what `payload` describes; 1 by default. Raise it with each change that an older deploy could not read:
   * its workers leave such jobs alone.
   */
  readonly version?: number;
  /** For a version above 1: how to read the ones before, a step from each version to the next. */
  readonly upcasters?: Upcasters;
  /**
   * Whether payloads, results, checkpoints and errors of this type are stored encrypted; false by default. Processes
   * that enqueue or run it need a keyring.
   */
  readonly encrypted?: boolean;
  /** An integer from -100 to 100; `PRIORITY.NORMAL` by default. */
  readonly priority?: number;
  /** 5 attempts with linear backoff of 30 s by default, after any error. */
  readonly retry?: Partial<RetryPolicy>;
  /** How long one attempt may run, in milliseconds; 600,000 by default. */
  readonly timeoutMs?: number;
  /**
   * A job that is claimable for so long without a worker taking it goes to the dead letters, reason `expired`; in
   * milliseconds, at most a year. For ever by default. Time spent delayed, waiting for parents or running does not
   * count; a job that comes back (a retry, a snooze, a shutdown, a crash) has the whole time again.
   */
  readonly expireAfterMs?: number;
  /**
   * Name of a limit that this type shares with all others that name it, in the form of a type's name but no type's;
   * how much it lets through is set with `queue.syncLimits` or `setLimit`.
   */
  readonly limit?: string;
  /**
   * Whether the end of what each run logs with `ctx.log` is kept with it, and how much, in bytes; false by default, and
   * with `true` 16,384 bytes. Of an encrypted type it is stored encrypted.
   */
  readonly keepLog?: KeepLog;
  /** How long its jobs, dead letters and logs are kept by `queue.prune`, where that differs from the queue's others. */
  readonly retention?: Retention;
  /** Jobs to add in the transaction that moves a job of this type to the dead letters. Gets valid payloads only. */
  readonly onDead?: (dead: DeadJob<StandardSchemaV1.InferOutput<Schema>>) => readonly FollowUp[];
}

/** A job type: its name, what its payload looks like, and how it is run. */
export interface JobDefinition<
  Type extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Result extends StandardSchemaV1<unknown, unknown> = AnyResult,
> {
  readonly type: Type;
  readonly payload: Schema;
  /** Null: anything. */
  readonly result: Result | null;
  readonly version: number;
  /** From version 1 to 2, from 2 to 3, and so on. */
  readonly upcasters: readonly Upcaster[];
  readonly encrypted: boolean;
  readonly priority: number;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  /** Null: for ever. */
  readonly expireAfterMs: number | null;
  readonly limit: string | null;
  /** How much of each run's log is kept, in bytes; 0: nothing. */
  readonly logBytes: number;
  readonly retention: Retention;
  // Declared as a method: a catalog holds definitions of many payload types side by side.
  onDead?(dead: DeadJob<StandardSchemaV1.InferOutput<Schema>>): readonly FollowUp[];
}

const OPTION_NAMES: OptionNames<JobOptions<StandardSchemaV1>> = {
  payload: true,
  result: true,
  version: true,
  upcasters: true,
  encrypted: true,
  priority: true,
  retry: true,
  timeoutMs: true,
  expireAfterMs: true,
  limit: true,
  keepLog: true,
  retention: true,
  onDead: true,
};
const RETRY_NAMES: OptionNames<RetryPolicy> = { attempts: true, backoff: true, shouldRetry: true };

const TYPE_NAME = /^[a-z][a-z0-9_.-]{0,99}$/;

/**
 * Defines a job type.
 * @example
 * const sendWelcome = defineJob("send_welcome", { payload: z.object({ userId: z.string() }), timeoutMs: 30_000 });
 * @param type lower-case name, at most 100 characters: letters, digits, `_`, `.`, `-`
 * @param options payload schema and how the type runs
 * @throws {JobDefinitionError} if a value is out of range, or there is no such option; the message names it
 */
export function defineJob<
  const Type extends string,
  Schema extends StandardSchemaV1,
  Result extends StandardSchemaV1<unknown, unknown> = AnyResult,
>(type: Type, options: JobOptions<Schema, Result>): JobDefinition<Type, Schema, Result> {
  const {
    version = 1,
    encrypted = false,
    priority = PRIORITY.NORMAL,
    timeoutMs = 600_000,
    expireAfterMs = null,
    limit = null,
    keepLog = false,
    retention = {},
  } = options;
  const { attempts = 5, backoff = linear(), shouldRetry } = options.retry ?? {};
  const refuse = (what: string): never => {
    throw new JobDefinitionError(`Job type "${type}": ${what}`);
  };
  // What the schema's type is makes no difference to the names.
  const problem = unknownOption(options as object, OPTION_NAMES) ?? unknownOption(options.retry, RETRY_NAMES);
  if (problem !== null) refuse(problem);
  if (!TYPE_NAME.test(type))
    refuse("the name must be lower-case letters, digits, '_', '.' or '-', at most 100 characters");
  for (const [name, schema] of [["payload", options.payload] as const, ["result", options.result] as const])
    if (!isSchema(schema) && !(name === "result" && schema === undefined))
      refuse(`${name} must be a Standard Schema, such as z.object({ … })`);
  if (limit !== null && !TYPE_NAME.test(limit))
    refuse(`the name of its limit must have the form of a type's, got "${limit}"`);
  if (!Number.isInteger(priority) || priority < LOWEST_PRIORITY || priority > HIGHEST_PRIORITY) {
    refuse(
      `priority must be an integer from ${LOWEST_PRIORITY} to ${HIGHEST_PRIORITY}, got ${shown(priority)}`,
    );
  }
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > MAX_ATTEMPTS)
    refuse(`retry.attempts must be an integer from 1 to ${MAX_ATTEMPTS}, got ${shown(attempts)}`);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > LONGEST_TIMER_MS)
    refuse(
      `timeoutMs must be a whole number of milliseconds from 1 to ${LONGEST_TIMER_MS}, got ${shown(timeoutMs)}`,
    );
  if (expireAfterMs !== null && !isExpireAfter(expireAfterMs))
    refuse(`expireAfterMs must be ${EXPIRE_AFTER_RANGE}, got ${shown(expireAfterMs)}`);
  if (!isLogBytes(keepLog))
    refuse(
      typeof keepLog === "object" && keepLog !== null
        ? `keepLog.maxBytes must be ${LOG_BYTES_RANGE}, got ${shown(keepLog.maxBytes)}`
        : `keepLog must be true, false or { maxBytes }, got ${shown(keepLog)}`,
    );
  const bad = badRetention("retention", retention);
  if (bad !== null) refuse(bad);
  if (typeof encrypted !== "boolean") refuse(`encrypted must be true or false, got ${shown(encrypted)}`);
  for (const [name, given] of Object.entries({ shouldRetry, onDead: options.onDead }))
    if (given !== undefined && typeof given !== "function")
      refuse(`${name} must be a function, got ${shown(given)}`);
  if (typeof backoff?.delayMs !== "function")
    refuse(`retry.backoff must be linear(), exponential(…), fixed(…) or custom(…), got ${shown(backoff)}`);
  const definition: JobDefinition<Type, Schema, Result> = {
    type,
    payload: options.payload,
    result: options.result ?? null,
    version,
    upcasters: requireUpcasters(type, version, options.upcasters ?? {}),
    encrypted,
    priority,
    retry: { attempts, backoff, ...(shouldRetry && { shouldRetry }) },
    timeoutMs,
    expireAfterMs,
    limit,
    logBytes: logBytesOf(keepLog),
    retention,
  };
  return options.onDead ? { ...definition, onDead: options.onDead } : definition;
}

/** As a caller without a compiler, or with a validator of before the standard, may pass something else. */
function isSchema(value: unknown): boolean {
  // A schema may be a function: arktype's are.
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && "~standard" in value;
}

/** All job types of an application. */
export type JobCatalog = readonly JobDefinition[];

/** The type names of a catalog. */
export type JobType<Jobs extends JobCatalog> = Jobs[number]["type"];

type DefinitionOf<Jobs extends JobCatalog, Type extends JobType<Jobs>> = Extract<
  Jobs[number],
  { readonly type: Type }
>;

/** What a caller may pass as payload: the schema's input. */
export type PayloadInput<Jobs extends JobCatalog, Type extends JobType<Jobs>> = StandardSchemaV1.InferInput<
  DefinitionOf<Jobs, Type>["payload"]
>;

/** What a handler receives: the schema's output. */
export type PayloadOutput<Jobs extends JobCatalog, Type extends JobType<Jobs>> = StandardSchemaV1.InferOutput<
  DefinitionOf<Jobs, Type>["payload"]
>;

type ResultSchema<Jobs extends JobCatalog, Type extends JobType<Jobs>> = NonNullable<
  DefinitionOf<Jobs, Type>["result"]
>;

/** What a handler may return as its job's result: the input of the type's schema for it. */
export type ResultInput<Jobs extends JobCatalog, Type extends JobType<Jobs>> = StandardSchemaV1.InferInput<
  ResultSchema<Jobs, Type>
>;

/** What a reader of a job's result gets: the schema's output. */
export type ResultOutput<Jobs extends JobCatalog, Type extends JobType<Jobs>> = StandardSchemaV1.InferOutput<
  ResultSchema<Jobs, Type>
>;
