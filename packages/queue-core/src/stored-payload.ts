import { type CatalogIndex, definitionOf } from "./catalog.ts";
import { PayloadInvalidError, PayloadNewerError } from "./errors.ts";
import { parsePayload, UnreadablePayload } from "./payload.ts";
import { upcast } from "./upcast.ts";

/** Something with a payload as it was read from the store. */
export interface Readable {
  readonly type: string;
  readonly payload: unknown;
  readonly payloadVersion: number;
}

/** Whether a payload was stored by a newer deploy: then nothing can be said about it here. */
export function isNewer(catalog: CatalogIndex, { type, payloadVersion }: Readable): boolean {
  return payloadVersion > definitionOf(catalog, type).version;
}

/** @throws {PayloadNewerError | JobTypeUnknownError} */
export function refuseNewer(catalog: CatalogIndex, stored: Readable): void {
  if (!isNewer(catalog, stored)) return;
  const { type, payloadVersion } = stored;
  const known = definitionOf(catalog, type).version;
  throw new PayloadNewerError(
    `The payload of this "${type}" has version ${payloadVersion}, this process knows up to ${known}: use a newer one`,
  );
}

/** For whoever edits it: upcast as far as that can be done, and not checked. */
export function presentPayload(catalog: CatalogIndex, { type, payload, payloadVersion }: Readable): unknown {
  const definition = catalog.get(type);
  if (!definition) return payload;
  try {
    return upcast(definition, payloadVersion, payload);
  } catch (error) {
    // Its upcaster cannot read it, which is why somebody has to.
    if (error instanceof PayloadInvalidError) return payload;
    throw error;
  }
}

/**
 * What a stored payload is by its type as it is now: an older one is upcast first. One of a newer deploy is passed as
 * it is: it was checked by those who wrote it, and only they can read it.
 * @throws {PayloadInvalidError | JobTypeUnknownError}
 */
export function readStored(catalog: CatalogIndex, stored: Readable): unknown {
  const { type, payload, payloadVersion } = stored;
  const definition = definitionOf(catalog, type);
  if (payload instanceof UnreadablePayload) {
    const message = `what is stored is no JSON (${payload.problem})`;
    throw new PayloadInvalidError(type, [{ field: "", message }]);
  }
  if (isNewer(catalog, stored)) return payload;
  return parsePayload(type, definition.payload, upcast(definition, payloadVersion, payload));
}
