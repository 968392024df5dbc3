import type { LimitedType } from "../limits.ts";
import type { AuditEntry } from "../store.ts";
import { appendAudit } from "./audit.ts";
import type { Connection } from "./connection.ts";
import { countReady } from "./pauses.ts";

/** Sets the limit of a type in place of the one it had; the tokens that were spent stay spent. */
export function setTypeLimit(
  connection: Connection,
  { type, rate, concurrency }: LimitedType,
  audit: AuditEntry,
  nowMs: number,
): void {
  connection.run(
    `INSERT INTO type_limit (type, rate_limit, period_ms, burst, concurrency) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET rate_limit = excluded.rate_limit, period_ms = excluded.period_ms,
       burst = excluded.burst, concurrency = excluded.concurrency`,
    type,
    rate?.limit ?? null,
    rate?.periodMs ?? null,
    rate?.burst ?? null,
    concurrency,
  );
  changed(connection, type, audit, nowMs);
}

export function liftTypeLimit(connection: Connection, type: string, audit: AuditEntry, nowMs: number): void {
  if (connection.run("DELETE FROM type_limit WHERE type = ?", type) > 0)
    changed(connection, type, audit, nowMs);
}

/** It may let through what waited: idle workers look again, and learn when the gate opens next. */
function changed(connection: Connection, type: string, audit: AuditEntry, nowMs: number): void {
  appendAudit(connection, audit, nowMs);
  connection.madeClaimable.add(type, countReady(connection, type));
}

export interface LimitRow {
  readonly type: string;
  readonly rate_limit: number | null;
  readonly period_ms: number | null;
  readonly burst: number | null;
  readonly concurrency: number | null;
}

export function readTypeLimits(connection: Connection): readonly LimitedType[] {
  return connection
    .all<LimitRow>("SELECT type, rate_limit, period_ms, burst, concurrency FROM type_limit ORDER BY type")
    .map((row) => ({ type: row.type, rate: rateOf(row), concurrency: row.concurrency }));
}

export function rateOf({ rate_limit: limit, period_ms: periodMs, burst }: LimitRow): LimitedType["rate"] {
  return limit === null || periodMs === null || burst === null ? null : { limit, periodMs, burst };
}
