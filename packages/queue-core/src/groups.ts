import { OptionInvalidError } from "./errors.ts";
import { shown } from "./known-options.ts";
import { badKey } from "./new-job.ts";

/** How many turns a group has for one of each other. */
export interface GroupWeight {
  readonly groupKey: string;
  /** From 0.01 to 1,000. */
  readonly weight: number;
}

/** A group that has jobs which wait or run, or a weight that is not 1. */
export interface GroupState extends GroupWeight {
  readonly pending: number;
  readonly processing: number;
}

export interface Groups {
  /** Those with the most jobs first, at most 100. */
  readonly items: readonly GroupState[];
  /** Whether more wait than were looked at: then there may be more groups, and more pending jobs of each. */
  readonly isCut: boolean;
}

const LEAST_WEIGHT = 0.01;
const MOST_WEIGHT = 1_000;

/** @throws {OptionInvalidError} if the weight is out of range */
export function requireWeight(groupKey: string, weight: number): GroupWeight {
  const problem = badKey(groupKey);
  if (problem !== null) throw new OptionInvalidError(`A group key ${problem}`);
  if (typeof weight === "number" && weight >= LEAST_WEIGHT && weight <= MOST_WEIGHT)
    return { groupKey, weight };
  throw new OptionInvalidError(
    `The weight of the group "${groupKey}" must be from ${LEAST_WEIGHT} to ${MOST_WEIGHT}, got ${shown(weight)}`,
  );
}
