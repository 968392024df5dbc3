import { type CatalogIndex, definitionOf } from "./catalog.ts";
import { OptionInvalidError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
import type { RetentionPolicy } from "./store.ts";

/** How long what jobs of a type leave behind is kept, in milliseconds; what is left out is kept as of all types. */
export interface Retention {
  readonly completedMs?: number;
  readonly cancelledMs?: number;
  /** Dead letters, from the time of their death. */
  readonly deadMs?: number;
  /** Logs of runs, from their last line; they go with their job at the latest. */
  readonly logMs?: number;
}

const NAMES: OptionNames<Retention> = { completedMs: true, cancelledMs: true, deadMs: true, logMs: true };
const POLICY_NAMES: OptionNames<RetentionPolicy> = { keepMs: true, deadMs: true, logMs: true, byType: true };
const FIELDS = Object.keys(NAMES) as (keyof Retention)[];

/**
 * What is wrong with it; null if nothing is.
 * @param of what it is called in the message
 */
export function badRetention(of: string, retention: Retention): string | null {
  if (typeof retention !== "object" || retention === null)
    return `${of} must be an object of ${FIELDS.join(", ")}, got ${shown(retention)}`;
  const unknown = unknownOption(retention, NAMES);
  if (unknown !== null) return `${of}: ${unknown}`;
  const field = FIELDS.find((name) => !isAge(retention[name] ?? 0));
  return field === undefined ? null : badAge(`${of}.${field}`, retention[field]);
}

/** Nothing is older than NaN, and nothing younger. */
function isAge(ms: number): boolean {
  return typeof ms === "number" && ms >= 0;
}

function badAge(field: string, ms: unknown): string {
  return `${field} must be a number of milliseconds from 0, got ${shown(ms)}`;
}

/** @throws {OptionInvalidError} */
export function requireRetention(policy: RetentionPolicy): void {
  const unknown = unknownOption(policy, POLICY_NAMES);
  if (unknown !== null) throw new OptionInvalidError(`To prune ${unknown}`);
  const { keepMs, deadMs = 0, logMs = 0, byType = {} } = policy;
  for (const [field, ms] of Object.entries({ keepMs, deadMs, logMs }))
    if (!isAge(ms)) throw new OptionInvalidError(badAge(field, ms));
  for (const [type, retention] of Object.entries(byType)) {
    const problem = badRetention(`byType["${type}"]`, retention);
    if (problem !== null) throw new OptionInvalidError(problem);
  }
}

/**
 * A policy with what the types of a catalog say, where the policy says nothing about a type itself.
 * @throws {OptionInvalidError | JobTypeUnknownError}
 */
export function retentionOf(catalog: CatalogIndex, policy: RetentionPolicy): RetentionPolicy {
  requireRetention(policy);
  const { byType = {} } = policy;
  for (const type of Object.keys(byType)) definitionOf(catalog, type);
  const ofTypes = [...catalog.values()].map(({ type, retention }) => [
    type,
    { ...retention, ...byType[type] },
  ]);
  return { ...policy, byType: { ...byType, ...Object.fromEntries(ofTypes) } };
}
