import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { EncryptionKeyInvalidError, EncryptionKeyMissingError, SealBrokenError } from "./errors.ts";

/** A key for payloads. */
export interface EncryptionKey {
  /** Stands beside what it encrypts, in plain text: 1 to 32 letters, digits, `_` or `-`. */
  readonly id: string;
  /** 256 bits, as bytes or in base64. */
  readonly secret: Uint8Array | string;
}

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
/** 96 bits, random: the length that GCM takes as it is (NIST SP 800-38D, 5.2.1.1). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * Keys that encrypt and decrypt what a job holds. The first one encrypts; all of them decrypt. Made by `createKeyring`;
 * no message of any error holds a key or what it encrypts.
 */
export class Keyring {
  /** The key that encrypts. */
  readonly currentId: string;
  readonly #keys: ReadonlyMap<string, KeyObject>;

  constructor(keys: ReadonlyMap<string, KeyObject>, currentId: string) {
    this.#keys = keys;
    this.currentId = currentId;
  }

  /** The keys that decrypt. */
  get ids(): readonly string[] {
    return [...this.#keys.keys()];
  }

  has(id: string): boolean {
    return this.#keys.has(id);
  }

  /**
   * Encrypts a text.
   * @param about what it belongs to: it can be opened as nothing else
   * @returns `<key id>.<nonce>.<ciphertext and tag>`, the last two in base64url
   */
  seal(text: string, about: readonly string[]): string {
    const id = this.currentId;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key(id), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(id, about));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `${id}.${nonce.toString("base64url")}.${sealed.toString("base64url")}`;
  }

  /**
   * Decrypts what `seal` gave.
   * @throws {EncryptionKeyMissingError} naming the key that is not here
   * @throws {SealBrokenError} if it was changed, belongs to something else, or was sealed with another key of that id
   */
  open(sealed: string, about: readonly string[]): string {
    const [id = "", nonce = "", data = ""] = sealed.split(".");
    const key = this.#key(id);
    try {
      const bytes = Buffer.from(data, "base64url");
      const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, "base64url"), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(boundTo(id, about));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return decipher.update(bytes.subarray(0, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch (cause) {
      throw new SealBrokenError(
        `What is stored under key "${id}" cannot be decrypted: it was changed, was moved here from elsewhere, or ` +
          `another key had this id`,
        { cause },
      );
    }
  }

  #key(id: string): KeyObject {
    const key = this.#keys.get(id);
    if (key) return key;
    throw new EncryptionKeyMissingError(
      `There is no key "${id}" here, only ${this.ids.join(", ")}: add it to decrypt what it has encrypted`,
    );
  }
}

/** Each part is quoted, so that no two lists of parts give the same bytes. */
function boundTo(id: string, about: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(["holdfast", id, ...about]));
}

/**
 * Makes a keyring.
 * @param keys the first one encrypts; the others are still there to decrypt
 * @throws {EncryptionKeyInvalidError} saying which one cannot be used and why; never what it is
 * @example
 * const keyring = createKeyring([{ id: "2026-11", secret: process.env.PAYLOAD_KEY ?? "" }]);
 */
export function createKeyring(keys: readonly EncryptionKey[]): Keyring {
  // As a caller without a compiler may pass it; of what it is no message may say a word.
  if (!Array.isArray(keys))
    throw new EncryptionKeyInvalidError(
      "createKeyring takes an array of { id, secret }; a text goes to parseKeyring",
    );
  const [first] = keys;
  if (!first) throw new EncryptionKeyInvalidError("A keyring needs at least one key");
  const byId = new Map<string, KeyObject>();
  for (const [place, { id, secret }] of keys.entries()) {
    if (!KEY_ID.test(id))
      throw new EncryptionKeyInvalidError(
        `The id of key ${place + 1} must be 1 to 32 letters, digits, "_" or "-"`,
      );
    if (byId.has(id)) throw new EncryptionKeyInvalidError(`Two keys have the id "${id}"`);
    const bytes = typeof secret === "string" ? fromBase64(secret) : secret;
    if (bytes?.length !== KEY_BYTES) {
      const found = bytes ? `${bytes.length} bytes` : "no base64";
      throw new EncryptionKeyInvalidError(`Key "${id}" must be ${KEY_BYTES} bytes in base64, got ${found}`);
    }
    byId.set(id, createSecretKey(bytes));
  }
  return new Keyring(byId, first.id);
}

/**
 * Makes a keyring of one text, as it comes from the environment: `id:base64`, the one that encrypts first, others after
 * commas.
 * @throws {EncryptionKeyInvalidError}
 */
export function parseKeyring(text: string): Keyring {
  if (typeof text !== "string" || text.trim() === "")
    throw new EncryptionKeyInvalidError(
      "There are no keys: each is written as id:base64, others after commas",
    );
  const keys = text.split(",").map((entry, place) => {
    const [id, secret, ...rest] = entry.trim().split(":");
    if (id && secret && rest.length === 0) return { id, secret };
    throw new EncryptionKeyInvalidError(`Key ${place + 1} must be written as id:base64`);
  });
  return createKeyring(keys);
}

function fromBase64(text: string): Buffer | null {
  return BASE64.test(text) ? Buffer.from(text, "base64") : null;
}
