import { EnvironmentInvalidError } from "@holdfast/services/process";
import type { ShopJobType } from "./handler.ts";
import { HANDLED_TYPES } from "./handlers.ts";

/**
 * The job types that this worker takes.
 * @param wanted names from `WORKER_TYPES`; undefined for all
 * @throws {EnvironmentInvalidError} listing the names that have no handler: jobs of theirs would wait for ever
 */
export function selectJobTypes(wanted: readonly string[] | undefined): readonly ShopJobType[] {
  if (wanted === undefined) return HANDLED_TYPES;
  const missing = wanted.filter((name) => !HANDLED_TYPES.some((type) => type === name));
  if (missing.length > 0) {
    throw new EnvironmentInvalidError([
      `WORKER_TYPES: no handler for ${missing.join(", ")}; there are ${HANDLED_TYPES.join(", ")}`,
    ]);
  }
  return HANDLED_TYPES.filter((type) => wanted.includes(type));
}
