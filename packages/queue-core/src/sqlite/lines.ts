import { laterLinesOf } from "../line.ts";
import type { Connection } from "./connection.ts";

/**
 * The lines of a type in which jobs can be claimed, also those that nobody here can read. One seek per line, however
 * many jobs stand in it.
 */
export function readyLinesOf(connection: Connection, type: string): readonly string[] {
  const { from, before } = laterLinesOf(type);
  const lines = isReadyIn(connection, type) ? [type] : [];
  let next = firstLine(connection, ">= ?", from, before);
  while (next !== undefined) {
    lines.push(next);
    next = firstLine(connection, "> ?", next, before);
  }
  return lines;
}

export function isReadyIn(connection: Connection, line: string): boolean {
  return connection.get("SELECT 1 FROM ready WHERE type = ? LIMIT 1", line) !== undefined;
}

function firstLine(connection: Connection, from: string, ...bounds: readonly string[]): string | undefined {
  const sql = `SELECT type FROM ready WHERE type ${from} AND type < ? ORDER BY type LIMIT 1`;
  return connection.get<{ type: string }>(sql, ...bounds)?.type;
}
