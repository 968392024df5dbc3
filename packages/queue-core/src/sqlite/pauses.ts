import type { Pauses } from "../pauses.ts";
import type { AuditEntry } from "../store.ts";
import { appendAudit } from "./audit.ts";
import type { Connection } from "./connection.ts";
import { readyLinesOf } from "./lines.ts";
import { ANY_TYPE } from "./made-claimable.ts";

/** Stands for the whole queue, in the table too. */
const WHOLE_QUEUE = ANY_TYPE;

/** Stops claims of a type, or of all; whoever claims next finds it so. What is paused already stays so, unaudited. */
export function pause(connection: Connection, type: string | null, audit: AuditEntry, nowMs: number): void {
  const added = connection.run(
    "INSERT INTO pause (type, paused_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
    type ?? WHOLE_QUEUE,
    nowMs,
  );
  if (added > 0) appendAudit(connection, audit, nowMs);
}

/** Lets claims go on, and rings for what has come to wait meanwhile. */
export function resume(connection: Connection, type: string | null, audit: AuditEntry, nowMs: number): void {
  if (connection.run("DELETE FROM pause WHERE type = ?", type ?? WHOLE_QUEUE) === 0) return;
  appendAudit(connection, audit, nowMs);
  ringForReady(connection, type);
}

/** Tells idle workers of what can be claimed of a type, or of all. */
export function ringForReady(connection: Connection, type: string | null): void {
  if (type === null) connection.madeClaimable.add(ANY_TYPE, countReady(connection, null));
  else
    for (const line of readyLinesOf(connection, type))
      connection.madeClaimable.add(line, countReady(connection, line));
}

/** More idle workers than this are not to be woken: a backlog is not counted to its end. */
const RING_AT_MOST = 1_000;

/** How many jobs of a line, or of all, can be claimed; so many idle workers are to be woken. */
function countReady(connection: Connection, line: string | null): number {
  const [where, parameters] = line === null ? ["", []] : ["WHERE type = ?", [line]];
  const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM ready ${where} LIMIT ${RING_AT_MOST})`;
  return connection.get<{ n: number }>(sql, ...parameters)?.n ?? 0;
}

interface PauseRow {
  readonly type: string;
  readonly paused_at: number;
}

export function readPauses(connection: Connection): Pauses {
  const rows = connection.all<PauseRow>("SELECT type, paused_at FROM pause ORDER BY type");
  const whole = rows.find(({ type }) => type === WHOLE_QUEUE);
  return {
    queueSince: whole ? new Date(whole.paused_at) : null,
    types: rows
      .filter(({ type }) => type !== WHOLE_QUEUE)
      .map((row) => ({ type: row.type, since: new Date(row.paused_at) })),
  };
}
