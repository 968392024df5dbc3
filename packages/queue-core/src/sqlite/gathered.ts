import type { Connection } from "./connection.ts";
import { chunksOfTypes, unionOfTypes } from "./per-type.ts";

/** Which jobs make a batch. */
export interface Gathering {
  readonly lines: readonly string[];
  readonly size: number;
  readonly lingerMs: number;
}

/**
 * In how many milliseconds a batch is to be run: at once if it is full, or else when its oldest job has waited for the
 * others long enough; null if there is no job. Reads no more rows than a batch has.
 */
export function untilGathered(
  connection: Connection,
  { lines, size, lingerMs }: Gathering,
  nowMs: number,
): number | null {
  let count = 0;
  let oldest = Number.POSITIVE_INFINITY;
  for (const chunk of chunksOfTypes(lines)) {
    const row = connection.get<{ n: number; oldest: number | null }>(
      gatheredSql(chunk.length),
      ...chunk,
      size,
    );
    count += row?.n ?? 0;
    oldest = Math.min(oldest, row?.oldest ?? oldest);
  }
  if (count === 0) return null;
  if (count >= size) return 0;
  // A clock that was set back makes no job wait longer than that.
  return Math.min(lingerMs, Math.max(0, oldest + lingerMs - nowMs));
}

function gatheredSql(lines: number): string {
  const arm = "SELECT tag FROM ready WHERE type = ?";
  return `SELECT count(*) AS n, min(tag) AS oldest FROM (${unionOfTypes(lines, arm)} LIMIT ?)`;
}
