import { fullAtAfter, isTooFarAhead, nextTokenInMs, type TokenBucket, tokensIn } from "../token-bucket.ts";
import type { Connection } from "./connection.ts";
import { ANY_TYPE } from "./made-claimable.ts";
import { type LimitRow, rateOf } from "./type-limits.ts";

/** How many jobs of a limited type may be claimed now. */
export interface Gate {
  readonly type: string;
  readonly room: number;
  readonly bucket: TokenBucket | null;
  readonly isCounted: boolean;
}

/** What may be claimed: decided before anything is searched, so that a backlog that may not costs nothing. */
export interface Gates {
  /** The types that may be claimed now, in the order they were asked for. */
  readonly open: readonly string[];
  /** Those of the types that have a limit and are not paused, also where there is no room. */
  readonly limited: ReadonlyMap<string, Gate>;
}

interface GateRow extends LimitRow {
  readonly paused: 0 | 1;
  readonly full_at_us: number;
}

/** One statement for both, as nearly always there is neither. */
const GATES = `SELECT type, 1 AS paused, NULL AS rate_limit, NULL AS period_ms, NULL AS burst, 0 AS full_at_us,
  NULL AS concurrency FROM pause
UNION ALL SELECT type, 0, rate_limit, period_ms, burst, full_at_us, concurrency FROM type_limit`;

const NONE: ReadonlyMap<string, Gate> = new Map();

export function readGates(connection: Connection, types: readonly string[], nowMs: number): Gates {
  const rows = connection.all<GateRow>(GATES);
  if (rows.length === 0) return { open: types, limited: NONE };
  const paused = new Set(rows.filter((row) => row.paused === 1).map(({ type }) => type));
  const unpaused = paused.has(ANY_TYPE) ? [] : types.filter((type) => !paused.has(type));
  const asked = new Set(unpaused);
  const limits = rows.filter((row) => row.paused === 0 && asked.has(row.type));
  const isAnyCounted = limits.some(({ concurrency }) => concurrency !== null);
  const running = isAnyCounted ? countRunning(connection) : undefined;
  const limited = new Map(limits.map((row) => [row.type, gateOf(row, nowMs, running?.get(row.type) ?? 0)]));
  return { open: unpaused.filter((type) => roomOf(limited, type) > 0), limited };
}

/** A look at all that run, which are never more than the workers have slots: an index would cost every job a write. */
function countRunning(connection: Connection): ReadonlyMap<string, number> {
  const rows = connection.all<{ type: string; n: number }>(
    "SELECT type, count(*) AS n FROM running GROUP BY type",
  );
  return new Map(rows.map(({ type, n }) => [type, n]));
}

function gateOf(row: GateRow, nowMs: number, running: number): Gate {
  const rate = rateOf(row);
  const bucket = rate && { rate, fullAtUs: row.full_at_us };
  const free = row.concurrency === null ? Number.POSITIVE_INFINITY : row.concurrency - running;
  const tokens = bucket ? tokensIn(bucket, nowMs) : Number.POSITIVE_INFINITY;
  return {
    type: row.type,
    room: Math.max(0, Math.min(free, tokens)),
    bucket,
    isCounted: row.concurrency !== null,
  };
}

/** How many jobs of a type may be claimed now; any number where nothing limits it. */
export function roomOf(limited: ReadonlyMap<string, Gate>, type: string): number {
  return limited.get(type)?.room ?? Number.POSITIVE_INFINITY;
}

/** Takes tokens for jobs that begin to run, and rings for what there is room for still. */
export function passGates(
  connection: Connection,
  { limited }: Gates,
  taken: readonly { readonly type: string }[],
  nowMs: number,
): void {
  for (const { type, room, bucket, isCounted } of limited.values()) {
    const count = taken.reduce((sum, row) => (row.type === type ? sum + 1 : sum), 0);
    if (bucket && (count > 0 || isTooFarAhead(bucket, nowMs))) {
      const fullAtUs = fullAtAfter(bucket, nowMs, count);
      connection.run("UPDATE type_limit SET full_at_us = ? WHERE type = ?", fullAtUs, type);
    }
    // The end of a run rings for nobody, as its worker claims next. If that took something else, or has no slot left,
    // an idle one can have the place.
    if (isCounted && count < room && hasReadyOf(connection, type)) connection.madeClaimable.add(type, 1);
  }
}

/** In how many milliseconds the next token comes for which a job waits; null if no job waits for a token. */
export function nextOpeningInMs(
  connection: Connection,
  types: readonly string[],
  nowMs: number,
): number | null {
  let soonest: number | null = null;
  for (const { type, room, bucket } of readGates(connection, types, nowMs).limited.values()) {
    if (!bucket || !hasReadyOf(connection, type)) continue;
    const inMs = nextTokenInMs(bucket, nowMs);
    // With a token there but no room, it is for a place that it waits, and not for time to pass. With room there, a
    // token has come since the claim.
    if (inMs === 0 && room === 0) continue;
    if (soonest === null || inMs < soonest) soonest = inMs;
  }
  return soonest;
}

/** Whether a claim has to set a bucket right that the clock has left behind. */
export function hasStaleBucket({ limited }: Gates, nowMs: number): boolean {
  for (const { bucket } of limited.values()) if (bucket && isTooFarAhead(bucket, nowMs)) return true;
  return false;
}

function hasReadyOf(connection: Connection, type: string): boolean {
  return connection.get("SELECT 1 FROM ready WHERE type = ? LIMIT 1", type) !== undefined;
}
