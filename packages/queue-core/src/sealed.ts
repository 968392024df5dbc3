import { type CatalogIndex, definitionOf } from "./catalog.ts";
import { EncryptionKeyMissingError, SealBrokenError } from "./errors.ts";
import type { Keyring } from "./keyring.ts";
import { lineOf } from "./line.ts";

/** How what is encrypted stands where JSON is stored. */
interface Sealed {
  readonly $sealed: string;
}

/** Whether a stored value is encrypted: an object with this one field. */
function isSealed(value: unknown): value is Sealed {
  return (
    typeof value === "object" &&
    value !== null &&
    "$sealed" in value &&
    typeof value.$sealed === "string" &&
    Object.keys(value).length === 1
  );
}

/** An encrypted error, whole: one that merely quotes another is to be encrypted itself. */
const SEALED_ERROR = /^[A-Z][A-Za-z]{0,59}: sealed:([\w-]+\.[\w-]+\.[\w-]+)$/;
/**
 * The same wherever it stands in a text: a nonce is always 16 letters long, and there are at least 22 of the rest. What
 * is shorter is somebody's own text and no ciphertext.
 */
const SEALED_TEXTS = /\bsealed:([\w-]+)\.[\w-]{16}\.[\w-]{22,}/g;

/** And where it stands alone. */
const SEALED_VALUE = /^([\w-]+)\.[\w-]{16}\.[\w-]{22,}$/;

/** What is bound to a payload: no id of its job, which the database gives as it stores it. */
function aboutPayload(type: string, payloadVersion: number): readonly string[] {
  return ["payload", type, String(payloadVersion)];
}

/**
 * What of a job is encrypted once there is a job: its result, its last error, a named step's result, or what the run
 * under a lease token told.
 */
export type JobPart =
  | readonly ["result"]
  | readonly ["error"]
  | readonly ["step", string]
  | readonly ["progress" | "log", string];

function aboutPart(type: string, jobId: string, part: JobPart): readonly string[] {
  return [...part, type, jobId];
}

/**
 * The keyring of a process that is to encrypt or decrypt for a type.
 * @throws {EncryptionKeyMissingError} if it was given none
 */
function requireKeyring({ keyring }: Pick<CatalogIndex, "keyring">, type: string): Keyring {
  if (keyring) return keyring;
  throw new EncryptionKeyMissingError(
    `Job type "${type}" is encrypted, and this process has no keys: pass a keyring to createQueue`,
  );
}

/** Encrypts the JSON of a payload. @throws {EncryptionKeyMissingError} */
export function sealPayload(
  catalog: CatalogIndex,
  type: string,
  payloadVersion: number,
  json: string,
): { readonly payload: string; readonly keyId: string } {
  const keyring = requireKeyring(catalog, type);
  const sealed: Sealed = { $sealed: keyring.seal(json, aboutPayload(type, payloadVersion)) };
  return { payload: JSON.stringify(sealed), keyId: keyring.currentId };
}

/** @throws {EncryptionKeyMissingError | SealBrokenError} */
export function openPayload(
  catalog: CatalogIndex,
  {
    type,
    payloadVersion,
    payload,
  }: { readonly type: string; readonly payloadVersion: number; readonly payload: unknown },
): unknown {
  if (!isSealed(payload)) throw new SealBrokenError("What is stored says that it is encrypted, but is not");
  return JSON.parse(requireKeyring(catalog, type).open(payload.$sealed, aboutPayload(type, payloadVersion)));
}

/** The lines of a type that a process with this catalog and these keys can read. */
export function readableLines(catalog: CatalogIndex, type: string): readonly string[] {
  const { version, encrypted } = definitionOf(catalog, type);
  // What was enqueued before the type was encrypted is in plain text still.
  const keyIds = [null, ...(encrypted ? (catalog.keyring?.ids ?? []) : [])];
  return Array.from({ length: version }, (_, i) => i + 1).flatMap((payloadVersion) =>
    keyIds.map((keyId) => lineOf({ type, payloadVersion, keyId })),
  );
}

interface JobName {
  readonly id: string;
  readonly type: string;
}

/** Encrypts the JSON of a result if its type asks for it. */
export function sealResult(
  catalog: CatalogIndex,
  { id, type }: JobName,
  part: JobPart,
  json: string,
): string {
  if (!catalog.get(type)?.encrypted) return json;
  const sealed: Sealed = { $sealed: requireKeyring(catalog, type).seal(json, aboutPart(type, id, part)) };
  return JSON.stringify(sealed);
}

/**
 * Decrypts a stored result; one that is not encrypted is given as it is.
 * @throws {EncryptionKeyMissingError | SealBrokenError}
 */
export function openResult(
  catalog: CatalogIndex,
  { id, type }: JobName,
  part: JobPart,
  value: unknown,
): unknown {
  if (!isSealed(value) || !catalog.get(type)?.encrypted) return value;
  return JSON.parse(requireKeyring(catalog, type).open(value.$sealed, aboutPart(type, id, part)));
}

/**
 * Encrypts what is known of an error if its type asks for it, as its message may hold what the payload does. What kind
 * of error it was stays readable.
 */
export function sealError(catalog: CatalogIndex, type: string, jobId: string, text: string): string {
  if (!catalog.get(type)?.encrypted || SEALED_ERROR.test(text)) return text;
  return `${errorKind(text)}: sealed:${requireKeyring(catalog, type).seal(text, aboutPart(type, jobId, ["error"]))}`;
}

/** The name that stands before an error's message. */
export function errorKind(text: string): string {
  return /^[A-Z][A-Za-z]{0,59}(?=:|$)/.exec(text)?.[0] ?? "Error";
}

/** @throws {EncryptionKeyMissingError | SealBrokenError} */
export function openError(catalog: CatalogIndex, { id, type }: JobName, text: string): string {
  const sealed = SEALED_ERROR.exec(text)?.[1];
  if (sealed === undefined || !catalog.get(type)?.encrypted) return text;
  return requireKeyring(catalog, type).open(sealed, aboutPart(type, id, ["error"]));
}

/**
 * A copy of what was read from the store for people to look at: where something is encrypted stands with which key.
 * The ciphertext tells nobody anything, and only who may decrypt it should have it.
 */
export function withoutSealed(resource: object): object {
  // An object becomes one again, or the name of a key.
  return covered(resource) as object;
}

function covered(value: unknown): unknown {
  if (typeof value === "string")
    return value.replace(SEALED_TEXTS, (_, keyId: string) => `(encrypted with key ${keyId})`);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (isSealed(value)) {
    const keyId = SEALED_VALUE.exec(value.$sealed)?.[1];
    return keyId === undefined ? value : { encryptedWithKey: keyId };
  }
  if (Array.isArray(value)) return value.map(covered);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, covered(part)]));
}
