import type { LimitBounds, NewLimit, Pace, StandingLimit } from "../limits.ts";
import type { AuditEntry } from "../store.ts";
import { appendAudit } from "./audit.ts";
import type { Connection } from "./connection.ts";
import { gatedLinesOf } from "./key-gates.ts";
import { readShares } from "./limit-shares.ts";
import { ringForReady } from "./pauses.ts";

/** Sets a limit in place of the one there was; the tokens that were spent stay spent. */
export function setLimit(connection: Connection, limit: NewLimit, audit: AuditEntry, nowMs: number): void {
  storeLimit(connection, limit);
  connection.run("UPDATE job_limit SET is_edited = 1 WHERE name = ? AND declared IS NOT NULL", limit.name);
  changed(connection, limit.name, audit, nowMs);
}

/** What the code declares stays known, so that no start brings the limit back. */
export function liftLimit(connection: Connection, name: string, audit: AuditEntry, nowMs: number): void {
  const lifted =
    connection.run("DELETE FROM job_limit WHERE name = ? AND declared IS NULL", name) +
    connection.run(
      `UPDATE job_limit SET rate_limit = NULL, period_ms = NULL, burst = NULL, concurrency = NULL,
         key_rate_limit = NULL, key_period_ms = NULL, key_burst = NULL, key_concurrency = NULL, is_edited = 1
       WHERE name = ?`,
      name,
    );
  if (lifted > 0) changed(connection, name, audit, nowMs);
}

/** @returns false if the code declares no such limit */
export function resetLimit(connection: Connection, name: string, audit: AuditEntry, nowMs: number): boolean {
  const row = findLimit(connection, name);
  if (!row?.declared) return false;
  storeLimit(connection, { name, isShared: row.is_shared === 1, ...declaredOf(row) });
  connection.run("UPDATE job_limit SET is_edited = 0 WHERE name = ?", name);
  changed(connection, name, audit, nowMs);
  return true;
}

/** Writes the bounds of a limit and nothing else about it. */
export function storeLimit(connection: Connection, { name, isShared, perKey, ...all }: NewLimit): void {
  connection.run(
    `INSERT INTO job_limit (name, is_shared, rate_limit, period_ms, burst, concurrency,
       key_rate_limit, key_period_ms, key_burst, key_concurrency)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET is_shared = excluded.is_shared, rate_limit = excluded.rate_limit,
       period_ms = excluded.period_ms, burst = excluded.burst, concurrency = excluded.concurrency,
       key_rate_limit = excluded.key_rate_limit, key_period_ms = excluded.key_period_ms,
       key_burst = excluded.key_burst, key_concurrency = excluded.key_concurrency`,
    name,
    isShared ? 1 : 0,
    ...cellsOf(all),
    ...cellsOf(perKey ?? { rate: null, concurrency: null }),
  );
}

function cellsOf({ rate, concurrency }: Pace): readonly (number | null)[] {
  return [rate?.limit ?? null, rate?.periodMs ?? null, rate?.burst ?? null, concurrency];
}

function changed(connection: Connection, name: string, audit: AuditEntry, nowMs: number): void {
  appendAudit(connection, audit, nowMs);
  letLook(connection, name);
}

/** It may let through what waited: idle workers look again, and learn when the gate opens next. */
export function letLook(connection: Connection, name: string): void {
  for (const type of typesBehind(connection, name)) {
    ringForReady(connection, type);
    for (const line of gatedLinesOf(connection, type)) connection.madeClaimable.add(line, 1);
  }
}

/** The types that a limit of this name is for, whether it is one's own or shared. */
export function typesBehind(connection: Connection, name: string): readonly string[] {
  return [name, ...(readShares(connection).get(name) ?? [])];
}

export interface LimitRow {
  readonly name: string;
  readonly is_shared: 0 | 1;
  readonly rate_limit: number | null;
  readonly period_ms: number | null;
  readonly burst: number | null;
  readonly concurrency: number | null;
  readonly key_rate_limit: number | null;
  readonly key_period_ms: number | null;
  readonly key_burst: number | null;
  readonly key_concurrency: number | null;
}

interface StoredLimit extends LimitRow {
  readonly declared: string | null;
  readonly is_edited: 0 | 1;
}

const STORED = `SELECT name, is_shared, rate_limit, period_ms, burst, concurrency, key_rate_limit, key_period_ms,
  key_burst, key_concurrency, declared, is_edited FROM job_limit`;

export function findLimit(connection: Connection, name: string): StoredLimit | undefined {
  return connection.get<StoredLimit>(`${STORED} WHERE name = ?`, name);
}

/** Those that were lifted too, if the code declares them. */
export function readLimits(connection: Connection): readonly StandingLimit[] {
  const shares = readShares(connection);
  return connection.all<StoredLimit>(`${STORED} ORDER BY name`).map((row) => ({
    name: row.name,
    isShared: row.is_shared === 1,
    types: row.is_shared === 1 ? (shares.get(row.name) ?? []) : [row.name],
    ...boundsOf(row),
    declared: row.declared === null ? null : declaredOf(row),
    isEdited: row.is_edited === 1,
  }));
}

function boundsOf(row: LimitRow): LimitBounds {
  const perKey = pacePerKey(row);
  return {
    ...paceOf(row),
    perKey: perKey.rate === null && perKey.concurrency === null ? null : perKey,
  };
}

export function paceOf({ rate_limit, period_ms, burst, concurrency }: LimitRow): Pace {
  return { rate: rateOf(rate_limit, period_ms, burst), concurrency };
}

export function pacePerKey(row: LimitRow): Pace {
  const { key_rate_limit, key_period_ms, key_burst, key_concurrency: concurrency } = row;
  return { rate: rateOf(key_rate_limit, key_period_ms, key_burst), concurrency };
}

function rateOf(limit: number | null, periodMs: number | null, burst: number | null): Pace["rate"] {
  return limit === null || periodMs === null || burst === null ? null : { limit, periodMs, burst };
}

/** As `declareLimits` stored it; before there were keys, without them. */
function declaredOf({ declared }: StoredLimit): LimitBounds {
  return { perKey: null, ...(JSON.parse(declared ?? "null") as Pace) };
}
