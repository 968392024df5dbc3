import { OptionInvalidError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
import { MAX_DELAY_MS } from "./retry-policy.ts";

/** For how long, and with what effect, a job's `uniqueKey` keeps others out. */
export interface UniqueRule {
  /**
   * `kept` (default): until the job is deleted. `unfinished`: until it has completed, was cancelled or given up.
   * `unclaimed`: until a worker takes it, so that one more may wait while one runs.
   */
  readonly while?: UniqueScope | undefined;
  /** At most so long from its enqueueing, in milliseconds; no bound by default. */
  readonly forMs?: number | undefined;
  /**
   * What becomes of the job that holds the key when another is enqueued. `keep` (default): nothing. `replace`: as long
   * as it has not begun, it gets the newer payload. `debounce`: that too, and it is put off by the newer one's delay.
   */
  readonly onConflict?: OnConflict | undefined;
  /** A debounced job is put off no further than this from its own enqueueing, in milliseconds; a day by default. */
  readonly maxWaitMs?: number | undefined;
}

export type UniqueScope = "kept" | "unfinished" | "unclaimed";
export type OnConflict = "keep" | "replace" | "debounce";

/** A rule with every default filled in. */
export interface Uniqueness {
  readonly scope: UniqueScope;
  readonly forMs: number | null;
  readonly onConflict: OnConflict;
  readonly maxWaitMs: number;
}

const RULE_NAMES: OptionNames<UniqueRule> = { while: true, forMs: true, onConflict: true, maxWaitMs: true };
const SCOPES: readonly string[] = ["kept", "unfinished", "unclaimed"] satisfies UniqueScope[];
const CONFLICTS: readonly string[] = ["keep", "replace", "debounce"] satisfies OnConflict[];
const DAY_MS = 24 * 60 * 60_000;

export const KEPT: Uniqueness = { scope: "kept", forMs: null, onConflict: "keep", maxWaitMs: DAY_MS };

/** @throws {OptionInvalidError} if there is no key to rule over, or a value is out of range */
export function readUniqueness(type: string, key: string | null, rule: UniqueRule | undefined): Uniqueness {
  if (!rule) return KEPT;
  const refuse = (what: string): never => {
    throw new OptionInvalidError(`"${type}": ${what}`);
  };
  const problem = typeof rule === "object" ? unknownOption(rule, RULE_NAMES) : `it is ${shown(rule)}`;
  if (problem !== null) refuse(`unique must be a rule such as { while: "unfinished" }: ${problem}`);
  const { while: scope = "kept", forMs = null, onConflict = "keep", maxWaitMs = DAY_MS } = rule;
  if (key === null) refuse("unique says how a uniqueKey is held, but there is no uniqueKey");
  if (!SCOPES.includes(scope))
    refuse(`unique.while must be one of ${SCOPES.join(", ")}, got ${shown(scope)}`);
  if (!CONFLICTS.includes(onConflict))
    refuse(`unique.onConflict must be one of ${CONFLICTS.join(", ")}, got ${shown(onConflict)}`);
  if (forMs !== null && !isSpan(forMs))
    refuse(`unique.forMs must be a whole number from 1 to ${MAX_DELAY_MS} (a year), got ${shown(forMs)}`);
  if (!isSpan(maxWaitMs))
    refuse(
      `unique.maxWaitMs must be a whole number from 1 to ${MAX_DELAY_MS} (a year), got ${shown(maxWaitMs)}`,
    );
  return { scope, forMs, onConflict, maxWaitMs };
}

function isSpan(ms: number): boolean {
  return Number.isInteger(ms) && ms >= 1 && ms <= MAX_DELAY_MS;
}
