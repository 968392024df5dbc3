import type { CatalogIndex } from "./catalog.ts";
import { LimitUnknownError, OptionInvalidError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";

/** How many jobs may start over time, by a token bucket. */
export interface RateLimit {
  /** So many jobs in each period, evenly spread: a whole number from 1, at most 1,000 per millisecond. */
  readonly limit: number;
  /** In milliseconds, from 1 to a day. */
  readonly periodMs: number;
  /**
   * How many may start at once after a time in which fewer did: 1 (the default) to 10,000. In any time span at most
   * `burst` more start than the rate alone would let.
   */
  readonly burst?: number;
}

/** How fast some jobs may be claimed, over all workers. At least one of the two. */
export interface PaceLimit {
  readonly rate?: RateLimit;
  /** At most so many run at a time: a whole number from 1 to 10,000. */
  readonly concurrency?: number;
}

/** How fast jobs may be claimed: all together, those of each key, or both. */
export interface JobLimit extends PaceLimit {
  /** Holds for the jobs of each `limitKey` by themselves, such as each customer's; jobs without a key do not mind. */
  readonly perKey?: PaceLimit;
}

/** What a limit lets through; null: any number. */
export interface Pace {
  readonly rate: Required<RateLimit> | null;
  readonly concurrency: number | null;
}

/** What a limit lets through of all its jobs, and of those of each key. */
export interface LimitBounds extends Pace {
  readonly perKey: Pace | null;
}

/** Whom a limit is for: one type, or all that name it in their definition. */
export interface LimitTarget {
  readonly name: string;
  readonly isShared: boolean;
}

/** A limit with its bounds checked. */
export interface NewLimit extends LimitTarget, LimitBounds {}

/** A limit as it stands. */
export interface StandingLimit extends NewLimit {
  /** Those that share it; one that nobody shares is of the type that it is called by. */
  readonly types: readonly string[];
  /** What the code says it is; null if it was set at run time only. */
  readonly declared: LimitBounds | null;
  /** Changed or lifted at run time, and so left alone by what the code declares. */
  readonly isEdited: boolean;
}

/** What became of the declared limits, by name. */
export interface DeclaredLimits {
  readonly added: readonly string[];
  /** Left as they were set at run time. */
  readonly kept: readonly string[];
  /** No longer declared, and so lifted. */
  readonly lifted: readonly string[];
}

/** A type, and the limit it shares; null: none. */
export interface LimitShare {
  readonly type: string;
  readonly name: string | null;
}

const RATE_NAMES: OptionNames<RateLimit> = { limit: true, periodMs: true, burst: true };
const PACE_NAMES: OptionNames<PaceLimit> = { rate: true, concurrency: true };
const LIMIT_NAMES: OptionNames<JobLimit> = { ...PACE_NAMES, perKey: true };
const LONGEST_PERIOD_MS = 24 * 3_600_000;
const MOST = 10_000;
/** Tokens are spaced in whole microseconds. */
const MOST_PER_MS = 1_000;

/** @throws {OptionInvalidError} saying which number is out of range, or which option there is not */
export function requireLimit(target: LimitTarget, limit: JobLimit): NewLimit {
  const { name } = target;
  requireParts(name, "", limit, LIMIT_NAMES);
  const { perKey, ...all } = limit;
  if (perKey !== undefined) requireParts(name, "perKey", perKey, PACE_NAMES);
  const isGiven = ({ rate, concurrency }: PaceLimit): boolean =>
    rate !== undefined || concurrency !== undefined;
  if (perKey ? !isGiven(perKey) : !isGiven(all))
    throw new OptionInvalidError(
      `The limit of "${name}"${perKey ? " per key" : ""} needs a rate or a concurrency; null lifts it`,
    );
  return {
    ...target,
    ...requirePace(name, "", all),
    perKey: perKey ? requirePace(name, "perKey.", perKey) : null,
  };
}

/** @throws {OptionInvalidError} if it is no object with these names, as a caller without a compiler may have it */
function requireParts<Part>(name: string, part: string, given: Part, names: OptionNames<Part>): void {
  const of = `The limit of "${name}"${part && `: its ${part}`}`;
  if (typeof given !== "object" || given === null)
    throw new OptionInvalidError(
      `${of} must be an object of ${Object.keys(names).join(", ")}, got ${shown(given)}`,
    );
  const problem = unknownOption(given, names);
  if (problem !== null) throw new OptionInvalidError(`${of}: ${problem}`);
}

function requirePace(name: string, prefix: string, { rate, concurrency }: PaceLimit): Pace {
  if (rate !== undefined) requireParts(name, `${prefix}rate`, rate, RATE_NAMES);
  const bounded = (field: string, value: number, most: number): number => {
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new OptionInvalidError(
      `The limit of "${name}": ${prefix}${field} must be a whole number from 1 to ${most}, got ${shown(value)}`,
    );
  };
  const periodMs = rate ? bounded("rate.periodMs", rate.periodMs, LONGEST_PERIOD_MS) : 0;
  return {
    rate: rate
      ? {
          limit: bounded("rate.limit", rate.limit, periodMs * MOST_PER_MS),
          periodMs,
          burst: bounded("rate.burst", rate.burst ?? 1, MOST),
        }
      : null,
    concurrency: concurrency === undefined ? null : bounded("concurrency", concurrency, MOST),
  };
}

/** @throws {LimitUnknownError} if neither a type has this name nor a limit that a type shares */
export function limitTarget(catalog: CatalogIndex, name: string): LimitTarget {
  if (catalog.has(name)) return { name, isShared: false };
  const shared = new Set([...catalog.values()].flatMap(({ limit }) => limit ?? []));
  if (shared.has(name)) return { name, isShared: true };
  const listed = (names: Iterable<string>): string => [...names].join(", ") || "none";
  throw new LimitUnknownError(
    `Neither a type nor a shared limit is called "${name}"; types: ${listed(catalog.keys())}; ` +
      `limits that a type names in its definition: ${listed(shared)}`,
  );
}

/** Which of the types share a limit, and which do not. */
export function limitShares(catalog: CatalogIndex): readonly LimitShare[] {
  return [...catalog.values()].map(({ type, limit }) => ({ type, name: limit }));
}
