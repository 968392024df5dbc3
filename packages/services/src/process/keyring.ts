import { type Keyring, parseKeyring } from "@holdfast/queue-core";

/** The keys that encrypted job types are stored with, for `createQueue`; nothing where none are set. */
export function keyringOf({ PAYLOAD_KEYS: keys }: { readonly PAYLOAD_KEYS?: string | undefined }): {
  readonly keyring?: Keyring;
} {
  return keys === undefined ? {} : { keyring: parseKeyring(keys) };
}
