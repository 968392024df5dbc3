import { createHash, timingSafeEqual } from "node:crypto";

/** SHA-256 of a text: what is compared and stored instead of the secret itself. */
export function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Compares in a time that tells neither the length nor the first difference: digests have one length. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}
