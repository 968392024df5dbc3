import { type CatalogIndex, definitionOf } from "./catalog.ts";
import type { FollowUp } from "./define-job.ts";
import { OptionInvalidError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
import { copyIfFlat, parsePayload, serializePayload } from "./payload.ts";
import { HIGHEST_PRIORITY, LOWEST_PRIORITY } from "./priority.ts";
import { EXPIRE_AFTER_RANGE, isExpireAfter, MAX_ATTEMPTS, MAX_DELAY_MS } from "./retry-policy.ts";
import { sealPayload } from "./sealed.ts";
import type { Dependency, NewJob, StoredPayload } from "./store.ts";
import { readUniqueness, type UniqueRule } from "./uniqueness.ts";

/** How a single job differs from its type's defaults. */
export interface JobSettings {
  /** An integer from -100 to 100. */
  readonly priority?: number | undefined;
  /** Recorded runs before the job is given up. */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds before the job may run; at most a year. */
  readonly delayMs?: number | undefined;
  /** The instant from which the job may run, at most a year ahead; in place of `delayMs`. */
  readonly runAt?: Date | undefined;
  /**
   * Milliseconds that the job may be claimable before it is given up as expired; null: for ever. The type's own by
   * default.
   */
  readonly expireAfterMs?: number | null | undefined;
  /**
   * Whose job it is, where a limit holds per key (`setLimit(…, { perKey })`): a customer, say, or a host that is
   * called. At most 512 characters.
   */
  readonly limitKey?: string | undefined;
  /**
   * Whose job it is, for fair turns: among the jobs of a type and priority each group has its turn, however many it
   * has. A tenant, say. At most 512 characters.
   */
  readonly groupKey?: string | undefined;
  /**
   * At most one job of this type with this key exists, until that job is deleted or as `unique` says. At most 512
   * characters, and no half of a surrogate pair, as cutting a string may leave one.
   */
  readonly uniqueKey?: string | undefined;
  /** For how long the key is held, and what a newer job with the same key does to this one. */
  readonly unique?: UniqueRule | undefined;
  readonly workflowId?: string | null | undefined;
  /** Not counted when the workflow is asked whether it is complete. */
  readonly detached?: boolean | undefined;
  /** Jobs that must complete first: ids, or ids with what to do if one never completes (`cancel` by default). */
  readonly dependsOn?: readonly (string | Dependency)[] | undefined;
}

export const SETTING_NAMES: OptionNames<JobSettings> = {
  priority: true,
  maxAttempts: true,
  delayMs: true,
  runAt: true,
  expireAfterMs: true,
  limitKey: true,
  groupKey: true,
  uniqueKey: true,
  unique: true,
  workflowId: true,
  detached: true,
  dependsOn: true,
};

/** Of a unique key, a limit key, a group key, a workflow's id, in characters. */
const LONGEST_KEY = 512;

/**
 * Checks a job and fills in its type's defaults.
 * @param names what may stand among the settings
 * @throws {JobTypeUnknownError | PayloadInvalidError | OptionInvalidError} and nothing is stored
 */
export function buildJob(
  catalog: CatalogIndex,
  type: string,
  payload: unknown,
  settings: JobSettings,
  names: OptionNames<JobSettings> = SETTING_NAMES,
): NewJob {
  const stored = storePayload(catalog, type, payload);
  const problem =
    typeof settings === "object" && settings !== null
      ? unknownOption(settings, names)
      : `options must be an object, got ${shown(settings)}`;
  if (problem !== null) throw new OptionInvalidError(`"${type}": ${problem}`);
  return buildStored(catalog, type, stored, settings);
}

/**
 * Checks a payload against its type as it is now, and says how it is stored.
 * @throws {JobTypeUnknownError | PayloadInvalidError}
 * @throws {EncryptionKeyMissingError} if the type is encrypted and this process has no keys
 */
export function storePayload(catalog: CatalogIndex, type: string, payload: unknown): StoredPayload {
  const { payload: schema, version: payloadVersion, encrypted } = definitionOf(catalog, type);
  parsePayload(type, schema, payload);
  // The value as given, not the schema's output: it is parsed again when the job runs, and a transform need not accept
  // its own output.
  const json = serializePayload(type, payload);
  return encrypted
    ? { payloadVersion, ...sealPayload(catalog, type, payloadVersion, json) }
    : { payload: json, payloadVersion, keyId: null, readAs: copyIfFlat(payload) };
}

/**
 * Checks the settings of a job whose payload is as it is to be stored, and fills in its type's defaults.
 * @throws {JobTypeUnknownError | OptionInvalidError}
 */
export function buildStored(
  catalog: CatalogIndex,
  type: string,
  { payload, payloadVersion, keyId, readAs }: StoredPayload,
  settings: JobSettings,
): NewJob {
  const definition = definitionOf(catalog, type);
  const priority = settings.priority ?? definition.priority;
  const maxAttempts = settings.maxAttempts ?? definition.retry.attempts;
  const delayMs = settings.delayMs ?? 0;
  const uniqueKey = settings.uniqueKey ?? null;
  const expireAfterMs =
    settings.expireAfterMs === undefined ? definition.expireAfterMs : settings.expireAfterMs;
  requireInteger(type, "priority", priority, LOWEST_PRIORITY, HIGHEST_PRIORITY);
  requireInteger(type, "maxAttempts", maxAttempts, 1, MAX_ATTEMPTS);
  if (typeof delayMs !== "number" || !(delayMs >= 0 && delayMs <= MAX_DELAY_MS)) {
    throw new OptionInvalidError(
      `"${type}": delayMs must be a number from 0 to ${MAX_DELAY_MS} (a year), got ${shown(delayMs)}`,
    );
  }
  if (settings.runAt && (settings.delayMs !== undefined || !isDate(settings.runAt))) {
    throw new OptionInvalidError(`"${type}": runAt must be a valid date and stand without delayMs`);
  }
  if (expireAfterMs !== null && !isExpireAfter(expireAfterMs)) {
    throw new OptionInvalidError(
      `"${type}": expireAfterMs must be ${EXPIRE_AFTER_RANGE}, or null, got ${shown(expireAfterMs)}`,
    );
  }
  requireKey(type, "uniqueKey", uniqueKey);
  // UTF-8 has no half of a surrogate pair: two keys that differ in one would be stored as the same, and a job be lost.
  if (uniqueKey !== null && !uniqueKey.isWellFormed())
    throw new OptionInvalidError(`"${type}": uniqueKey must be well-formed, got half of a surrogate pair`);
  requireKey(type, "limitKey", settings.limitKey ?? null);
  requireKey(type, "groupKey", settings.groupKey ?? null);
  requireKey(type, "workflowId", settings.workflowId ?? null);
  const uniqueness = readUniqueness(type, uniqueKey, settings.unique);
  return {
    type,
    payload,
    payloadVersion,
    keyId,
    readAs,
    priority,
    maxAttempts,
    delayMs: Math.ceil(delayMs),
    ...(settings.runAt && { runAtMs: settings.runAt.getTime() }),
    workflowId: settings.workflowId ?? null,
    detached: settings.detached ?? false,
    uniqueKey,
    ...(settings.unique && { uniqueness }),
    slotAtMs: null,
    step: null,
    dependsOn: settings.dependsOn ? toDependencies(type, settings.dependsOn) : [],
    expireAfterMs,
    ...(settings.limitKey !== undefined && { limitKey: settings.limitKey }),
    ...(settings.groupKey !== undefined && { groupKey: settings.groupKey }),
  };
}

/** Builds the jobs that a hook or a handler asks for; they stay in the workflow of the job that asks. */
export function buildFollowUps(
  catalog: CatalogIndex,
  workflowId: string | null,
  followUps: readonly FollowUp[],
): readonly NewJob[] {
  return followUps.map(({ type, payload, ...settings }) =>
    buildJob(catalog, type, payload, { workflowId, ...settings }),
  );
}

/** @throws {OptionInvalidError} if it is to run later than is allowed */
export function requireWithinReach(
  { type, runAtMs = 0 }: Pick<NewJob, "type" | "runAtMs">,
  nowMs: number,
): void {
  if (runAtMs <= nowMs + MAX_DELAY_MS) return;
  const asked = new Date(runAtMs).toISOString();
  throw new OptionInvalidError(`"${type}": runAt must lie at most a year ahead, got ${asked}`);
}

function toDependencies(type: string, parents: readonly (string | Dependency)[]): readonly Dependency[] {
  const refuse = (got: unknown): never => {
    throw new OptionInvalidError(
      `"${type}": dependsOn must be an array of job ids or of { jobId, whenDead }, got ${shown(got)}`,
    );
  };
  if (!Array.isArray(parents)) return refuse(parents);
  return parents.map((parent: string | Dependency) => {
    if (typeof parent === "string") return { jobId: parent, whenDead: "cancel" };
    if (typeof parent?.jobId !== "string") return refuse(parent === null ? "null in it" : parent);
    requireWhenDead(`"${type}"`, parent.whenDead);
    return { jobId: parent.jobId, whenDead: parent.whenDead };
  });
}

function isDate(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

/**
 * @param of whose dependency it is, for the message
 * @throws {OptionInvalidError} if it is neither of the two, as text from outside may be
 */
export function requireWhenDead(of: string, whenDead: Dependency["whenDead"]): void {
  if (whenDead === "cancel" || whenDead === "continue") return;
  throw new OptionInvalidError(`${of}: whenDead must be "cancel" or "continue", got ${shown(whenDead)}`);
}

function requireKey(type: string, name: string, key: string | null): void {
  if (key === null) return;
  const problem = badKey(key);
  if (problem !== null) throw new OptionInvalidError(`"${type}": ${name} ${problem}`);
}

/** What is wrong with a key, which a caller without a compiler may have as a number; null if nothing is. */
export function badKey(key: string): string | null {
  if (typeof key !== "string") return `must be a string, got ${shown(key)}`;
  return key !== "" && key.length <= LONGEST_KEY
    ? null
    : `must have 1 to ${LONGEST_KEY} characters, got ${key.length}`;
}

function requireInteger(type: string, name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new OptionInvalidError(
    `"${type}": ${name} must be an integer from ${least} to ${most}, got ${shown(value)}`,
  );
}
