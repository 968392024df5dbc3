import type { CatalogIndex } from "./catalog.ts";
import { OptionInvalidError } from "./errors.ts";
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

const FIELDS = ["completedMs", "cancelledMs", "deadMs", "logMs"] as const;

/** The field that cannot be used; undefined if all can. Nothing is older than NaN, and nothing younger. */
export function badRetention(retention: Retention): (typeof FIELDS)[number] | undefined {
  return FIELDS.find((field) => !((retention[field] ?? 0) >= 0));
}

/** @throws {OptionInvalidError} */
export function requireRetention({ keepMs, deadMs = 0, logMs = 0, byType = {} }: RetentionPolicy): void {
  for (const [field, ms] of Object.entries({ keepMs, deadMs, logMs }))
    if (!(ms >= 0))
      throw new OptionInvalidError(`${field} must be a number of milliseconds from 0, got ${ms}`);
  for (const [type, retention] of Object.entries(byType)) {
    const field = badRetention(retention);
    if (field === undefined) continue;
    const which = `${field} of byType["${type}"]`;
    throw new OptionInvalidError(`${which} must be a number of milliseconds from 0, got ${retention[field]}`);
  }
}

/** A policy with what the types of a catalog say, where the policy says nothing about a type itself. */
export function retentionOf(catalog: CatalogIndex, policy: RetentionPolicy): RetentionPolicy {
  const { byType = {} } = policy;
  const ofTypes = [...catalog.values()].map(({ type, retention }) => [
    type,
    { ...retention, ...byType[type] },
  ]);
  return { ...policy, byType: { ...byType, ...Object.fromEntries(ofTypes) } };
}
