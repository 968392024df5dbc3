import type { Connection } from "./connection.ts";
import { chunksOfTypes, unionOfTypes } from "./per-type.ts";

/** Which jobs make a batch. */
export interface Gathering {
  readonly lines: readonly string[];
  readonly size: number;
  readonly lingerMs: number;
}

/**
 * In how many milliseconds a batch is to be run: at once if it is full, or else when its oldest job has been due for so
 * long that no others are waited for; null if there is no job. Reads no more rows than a batch has.
 */
export function untilGathered(
  connection: Connection,
  { lines, size, lingerMs }: Gathering,
  nowMs: number,
): number | null {
  const enough = lingerMs === 0 ? 1 : size;
  let count = 0;
  for (const chunk of chunksOfTypes(lines))
    count += connection.get<{ n: number }>(gatheredSql(chunk.length), ...chunk, enough - count)?.n ?? 0;
  if (count === 0) return null;
  if (count >= enough) return 0;
  const dueAt = oldestDue(connection, lines);
  // The clock was set back since: how long it has waited is not known, and by this clock it might wait for a day.
  return dueAt > nowMs ? 0 : Math.max(0, dueAt + lingerMs - nowMs);
}

function gatheredSql(lines: number): string {
  return `SELECT count(*) AS n FROM (${unionOfTypes(lines, "SELECT 1 FROM ready WHERE type = ?")} LIMIT ?)`;
}

/** Not by the place in the line, which for a job of a group is no time: the last of many may stand far ahead of now. */
function oldestDue(connection: Connection, lines: readonly string[]): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const chunk of chunksOfTypes(lines)) {
    const seqs = unionOfTypes(chunk.length, "SELECT seq FROM ready WHERE type = ?");
    const sql = `SELECT min(j.due_at) AS due FROM (${seqs}) r CROSS JOIN job j ON j.seq = r.seq`;
    oldest = Math.min(oldest, connection.get<{ due: number | null }>(sql, ...chunk)?.due ?? oldest);
  }
  return oldest;
}
