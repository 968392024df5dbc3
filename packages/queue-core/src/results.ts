import { isThenable } from "./answer-at-once.ts";
import { type CatalogIndex, definitionOf } from "./catalog.ts";
import { PayloadInvalidError, ResultInvalidError } from "./errors.ts";
import { parsePayload, serializeResult } from "./payload.ts";
import { openResult, sealResult } from "./sealed.ts";

interface JobName {
  readonly id: string;
  readonly type: string;
}

/**
 * How the result of a run is stored: as given if its type's schema accepts it, and encrypted if its type is.
 * @returns null for a run that returned nothing
 * @throws {ResultInvalidError}
 */
export function storeResult(catalog: CatalogIndex, job: JobName, result: unknown): string | null {
  if (isThenable(result)) {
    // Whatever it comes to, the run has failed: it ended before its work did.
    Promise.resolve(result).catch(() => undefined);
    throw new ResultInvalidError(`The result of a "${job.type}" is a promise: await it first`);
  }
  const json = result === undefined ? null : serializeResult(`a "${job.type}"`, result);
  // As it will be read: what JSON makes of a Date is a text, and a schema that wants a Date could never read it.
  if (definitionOf(catalog, job.type).result !== null)
    checkResult(catalog, job.type, json === null ? undefined : JSON.parse(json));
  return json === null ? null : sealResult(catalog, job, ["result"], json);
}

/**
 * What a stored result is by its type's schema as it is now; without a schema, as JSON has it.
 * @throws {ResultInvalidError} if the schema does not accept what an earlier deploy stored
 * @throws {EncryptionKeyMissingError | SealBrokenError}
 */
export function readResult(catalog: CatalogIndex, job: JobName & { readonly result: unknown }): unknown {
  const result = openResult(catalog, job, ["result"], job.result);
  if (!catalog.has(job.type)) return result;
  try {
    return checkResult(catalog, job.type, result);
  } catch (error) {
    // A run that returned nothing is stored as null, too.
    if (result !== null || !(error instanceof ResultInvalidError)) throw error;
    return checkResult(catalog, job.type, undefined);
  }
}

/** @returns the schema's output */
export function checkResult(catalog: CatalogIndex, type: string, result: unknown): unknown {
  const { result: schema } = definitionOf(catalog, type);
  if (schema === null) return result;
  try {
    return parsePayload(type, schema, result);
  } catch (error) {
    if (!(error instanceof PayloadInvalidError)) throw error;
    const faults = error.issues.map(({ field, message }) =>
      field === "" ? message : `${field}: ${message}`,
    );
    throw new ResultInvalidError(`The result of a "${type}" does not fit its schema: ${faults.join("; ")}`, {
      cause: error,
    });
  }
}
