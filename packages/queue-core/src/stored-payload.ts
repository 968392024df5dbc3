import { type CatalogIndex, definitionOf } from "./catalog.ts";
import { PayloadInvalidError, PayloadNewerError, SealBrokenError } from "./errors.ts";
import { parsePayload, UnreadablePayload } from "./payload.ts";
import { openPayload } from "./sealed.ts";
import { upcast } from "./upcast.ts";

/** Something with a payload as it was read from the store. */
export interface Readable {
  readonly type: string;
  readonly payload: unknown;
  readonly payloadVersion: number;
  readonly keyId: string | null;
}

/** Why a stored payload cannot be what its job runs with. */
export type PayloadFault = PayloadInvalidError | SealBrokenError;

export function isPayloadFault(error: unknown): error is PayloadFault {
  return error instanceof PayloadInvalidError || error instanceof SealBrokenError;
}

function isNewer(catalog: CatalogIndex, { type, payloadVersion }: Readable): boolean {
  return payloadVersion > definitionOf(catalog, type).version;
}

/**
 * Whether a payload is for others to read: a newer deploy has stored it, or it is encrypted with a key that is not
 * here. Then nothing can be said about it.
 */
export function isForOthers(catalog: CatalogIndex, stored: Readable): boolean {
  const { keyId } = stored;
  return isNewer(catalog, stored) || (keyId !== null && catalog.keyring?.has(keyId) !== true);
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

/**
 * For whoever edits it: decrypted, upcast as far as that can be done, and not checked.
 * @throws {EncryptionKeyMissingError | SealBrokenError}
 */
export function presentPayload(catalog: CatalogIndex, stored: Readable): unknown {
  const definition = catalog.get(stored.type);
  if (!definition) return stored.payload;
  const payload = decrypted(catalog, stored);
  try {
    return upcast(definition, stored.payloadVersion, payload);
  } catch (error) {
    // Its upcaster cannot read it, which is why somebody has to.
    if (error instanceof PayloadInvalidError) return payload;
    throw error;
  }
}

/**
 * What a stored payload is by its type as it is now: an older one is upcast first. One that is for others to read is
 * passed as it is: it was checked by those who wrote it.
 * @throws {PayloadInvalidError | SealBrokenError | JobTypeUnknownError}
 */
export function readStored(catalog: CatalogIndex, stored: Readable): unknown {
  const { type, payload, payloadVersion } = stored;
  const definition = definitionOf(catalog, type);
  if (payload instanceof UnreadablePayload) {
    const message = `what is stored is no JSON (${payload.problem})`;
    throw new PayloadInvalidError(type, [{ field: "", message }]);
  }
  if (isForOthers(catalog, stored)) return payload;
  return parsePayload(
    type,
    definition.payload,
    upcast(definition, payloadVersion, decrypted(catalog, stored)),
  );
}

function decrypted(catalog: CatalogIndex, stored: Readable): unknown {
  return stored.keyId === null ? stored.payload : openPayload(catalog, stored);
}
