/** So much of each run's log is kept, in bytes, where its type asks for it and does not say how much. */
const DEFAULT_LOG_BYTES = 16_384;
const LEAST_LOG_BYTES = 256;
/** It is written anew with each report, so no type may ask for more, in bytes. */
const MOST_LOG_BYTES = 262_144;

/** Whether the end of what each run logs is kept, and how much of it. */
export type KeepLog = boolean | { readonly maxBytes: number };

export const LOG_BYTES_RANGE = `a whole number of bytes from ${LEAST_LOG_BYTES} to ${MOST_LOG_BYTES}`;

/** How much of each run's log is kept, in bytes; 0: nothing. */
export function logBytesOf(keepLog: KeepLog): number {
  if (typeof keepLog === "object") return keepLog.maxBytes;
  return keepLog ? DEFAULT_LOG_BYTES : 0;
}

export function isLogBytes(keepLog: KeepLog): boolean {
  if (typeof keepLog === "boolean") return true;
  if (typeof keepLog !== "object" || keepLog === null) return false;
  const { maxBytes } = keepLog;
  return Number.isInteger(maxBytes) && maxBytes >= LEAST_LOG_BYTES && maxBytes <= MOST_LOG_BYTES;
}
