import { answerAtOnce } from "./answer-at-once.ts";
import type { JobDefinition } from "./define-job.ts";
import { describeError } from "./error-text.ts";
import { JobDefinitionError, PayloadInvalidError } from "./errors.ts";
import { shown } from "./known-options.ts";

/**
 * Makes a payload of version n into one of version n + 1. Gets what was stored, as JSON has it; what type that has is
 * the word of who wrote it, for the schema of that time is gone. Must return at once: a promise is refused.
 */
export type Upcaster = (payload: never) => unknown;

/** By the version that each of them starts from. */
export type Upcasters = Readonly<Record<number, Upcaster>>;

const NEWEST_VERSION = 1_000;

/**
 * Puts the steps in order, the one from version 1 first.
 * @throws {JobDefinitionError} if one is missing, or leads from a version that has no next one
 */
export function requireUpcasters(type: string, version: number, upcasters: Upcasters): readonly Upcaster[] {
  const refuse = (what: string): never => {
    throw new JobDefinitionError(`Job type "${type}": ${what}`);
  };
  if (!Number.isInteger(version) || version < 1 || version > NEWEST_VERSION)
    refuse(`version must be an integer from 1 to ${NEWEST_VERSION}, got ${shown(version)}`);
  const steps = Array.from({ length: version - 1 }, (_, i) => upcasters[i + 1]);
  const missing = steps.flatMap((step, i) => (typeof step === "function" ? [] : [i + 1]));
  if (missing.length > 0)
    refuse(
      `version ${version} needs an upcaster from each version before it; missing: ${missing.join(", ")}`,
    );
  const from = steps.map((_, i) => String(i + 1));
  const extra = Object.keys(upcasters).filter((key) => !from.includes(key));
  if (extra.length > 0)
    refuse(`upcasters lead up to version ${version}, so there can be none from: ${extra.join(", ")}`);
  return steps as readonly Upcaster[];
}

/**
 * What a stored payload looks like at its type's present version.
 * @throws {PayloadInvalidError} if an upcaster throws, or returns a promise: it cannot read what was stored
 */
export function upcast(definition: JobDefinition, payloadVersion: number, payload: unknown): unknown {
  let value = payload;
  for (let version = payloadVersion; version < definition.version; version++) {
    try {
      // Any payload of that version: the upcaster's own word says what type it has.
      value = answerAtOnce(() => definition.upcasters[version - 1]?.(value as never));
    } catch (cause) {
      const message = `its upcaster from version ${version} threw: ${describeError(cause)}`;
      const error = new PayloadInvalidError(definition.type, [{ field: "", message }]);
      error.cause = cause;
      throw error;
    }
  }
  return value;
}
