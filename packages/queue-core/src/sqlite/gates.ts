import { typeOf } from "../line.ts";
import { fullAtAfter, isTooFarAhead, nextTokenInMs, type TokenBucket, tokensIn } from "../token-bucket.ts";
import type { Connection } from "./connection.ts";
import { type LimitRow, paceOf, pacePerKey } from "./job-limits.ts";
import type { KeyLimit } from "./key-rooms.ts";
import { readShares } from "./limit-shares.ts";
import { isReadyIn, readyLinesOf } from "./lines.ts";
import { ANY_TYPE } from "./made-claimable.ts";

/** How many jobs may be claimed now of those types together that stand behind one limit. */
export interface Gate {
  readonly limit: string;
  readonly types: ReadonlySet<string>;
  readonly room: number;
  readonly bucket: TokenBucket | null;
  readonly isCounted: boolean;
}

/** What may be claimed: decided before anything is searched, so that a backlog that may not costs nothing. */
export interface Gates {
  /** The lines that may be claimed now, in the order they were asked for. */
  readonly open: readonly string[];
  /** Those of the types that have a limit and are not paused, also where there is no room: each with all its gates. */
  readonly limited: ReadonlyMap<string, readonly Gate[]>;
  /** The limits that hold per key, by type: of all types there are, as the keys of one share them with another's. */
  readonly keyed: ReadonlyMap<string, readonly KeyLimit[]>;
  /** Whether jobs are set aside, be it by limits that are no more. */
  readonly hasGated: boolean;
}

interface GateRow extends LimitRow {
  readonly kind: "pause" | "limit" | "gated";
  readonly full_at_us: number;
}

/** One statement for all, as nearly always there is none of it. */
const GATES = `SELECT 'limit' AS kind, name, is_shared, rate_limit, period_ms, burst, full_at_us, concurrency,
  key_rate_limit, key_period_ms, key_burst, key_concurrency FROM job_limit
UNION ALL SELECT 'pause', type, 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL FROM pause
UNION ALL SELECT 'gated', '', 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL
  FROM (SELECT 1 FROM key_gate LIMIT 1)`;

const NONE: ReadonlyMap<string, never> = new Map<string, never>();

export function readGates(connection: Connection, lines: readonly string[], nowMs: number): Gates {
  const rows = connection.all<GateRow>(GATES);
  if (rows.length === 0) return { open: lines, limited: NONE, keyed: NONE, hasGated: false };
  const paused = new Set(rows.filter(({ kind }) => kind === "pause").map(({ name }) => name));
  const unpaused = paused.has(ANY_TYPE) ? [] : lines.filter((line) => !paused.has(typeOf(line)));
  const limits = rows.filter(({ kind }) => kind === "limit");
  const isAnyCounted = limits.some(({ concurrency }) => concurrency !== null);
  const running = isAnyCounted ? countRunning(connection) : NOTHING_RUNS;
  const shares = limits.some((row) => row.is_shared === 1) ? readShares(connection) : undefined;
  const behind = new Map(
    limits.map((row) => [row, new Set(row.is_shared === 1 ? shares?.get(row.name) : [row.name])]),
  );
  const gates = [...behind].flatMap(([row, types]) => gateOf(row, types, nowMs, running) ?? []);
  const limited = new Map<string, readonly Gate[]>();
  for (const type of new Set(unpaused.map(typeOf))) {
    const own = gates.filter((gate) => gate.types.has(type));
    if (own.length > 0) limited.set(type, own);
  }
  return {
    open: unpaused.filter((line) => roomOf(limited, line) > 0),
    limited,
    keyed: limitsPerKey(behind),
    hasGated: rows.some(({ kind }) => kind === "gated"),
  };
}

function limitsPerKey(behind: ReadonlyMap<GateRow, ReadonlySet<string>>): Gates["keyed"] {
  const keyed = new Map<string, KeyLimit[]>();
  for (const [row, types] of behind) {
    const { rate, concurrency } = pacePerKey(row);
    if (rate === null && concurrency === null) continue;
    for (const type of types)
      keyed.set(type, [...(keyed.get(type) ?? []), { name: row.name, types, rate, concurrency }]);
  }
  return keyed;
}

const NOTHING_RUNS: ReadonlyMap<string, number> = new Map();

/** A look at all that run, which are never more than the workers have slots: an index would cost every job a write. */
function countRunning(connection: Connection): ReadonlyMap<string, number> {
  const rows = connection.all<{ type: string; n: number }>(
    "SELECT type, count(*) AS n FROM running GROUP BY type",
  );
  return new Map(rows.map(({ type, n }) => [type, n]));
}

function gateOf(
  row: GateRow,
  types: ReadonlySet<string>,
  nowMs: number,
  running: ReadonlyMap<string, number>,
): Gate | null {
  const { rate, concurrency } = paceOf(row);
  if (rate === null && concurrency === null) return null;
  const bucket = rate && { rate, fullAtUs: row.full_at_us };
  const taken = [...types].reduce((sum, type) => sum + (running.get(type) ?? 0), 0);
  const free = concurrency === null ? Number.POSITIVE_INFINITY : concurrency - taken;
  const tokens = bucket ? tokensIn(bucket, nowMs) : Number.POSITIVE_INFINITY;
  return {
    limit: row.name,
    types,
    room: Math.max(0, Math.min(free, tokens)),
    bucket,
    isCounted: concurrency !== null,
  };
}

/** How many jobs of a line may be claimed now if none of another is; any number where nothing limits its type. */
export function roomOf(limited: Gates["limited"], line: string): number {
  return Math.min(...(limited.get(typeOf(line)) ?? []).map(({ room }) => room));
}

/** Counts down the room behind the gates as jobs are chosen. */
export class Allowance {
  readonly #limited: Gates["limited"];
  readonly #left = new Map<Gate, number>();

  constructor({ limited }: Gates) {
    this.#limited = limited;
  }

  /** @returns whether there was room for one more job of this line */
  take(line: string): boolean {
    const gates = this.#limited.get(typeOf(line));
    if (!gates) return true;
    const lefts = gates.map((gate) => this.#left.get(gate) ?? gate.room);
    if (lefts.some((left) => left <= 0)) return false;
    gates.forEach((gate, i) => void this.#left.set(gate, (lefts[i] ?? 0) - 1));
    return true;
  }
}

/** Takes tokens for jobs that begin to run, and rings for what there is room for still. */
export function passGates(
  connection: Connection,
  gates: Gates,
  taken: readonly { readonly type: string }[],
  nowMs: number,
): void {
  for (const { limit, types, room, bucket, isCounted } of distinct(gates)) {
    const count = taken.reduce((sum, row) => (types.has(row.type) ? sum + 1 : sum), 0);
    if (bucket && (count > 0 || isTooFarAhead(bucket, nowMs))) {
      const fullAtUs = fullAtAfter(bucket, nowMs, count);
      connection.run("UPDATE job_limit SET full_at_us = ? WHERE name = ?", fullAtUs, limit);
    }
    // The end of a run rings for nobody, as its worker claims next. If that took something else, or has no slot left,
    // an idle one can have the place.
    if (!isCounted || count >= room) continue;
    for (const type of types)
      for (const line of readyLinesOf(connection, type)) connection.madeClaimable.add(line, 1);
  }
}

/** In how many milliseconds the next token comes for which a job waits; null if no job waits for a token. */
export function nextOpeningInMs(
  connection: Connection,
  lines: readonly string[],
  nowMs: number,
): number | null {
  let soonest: number | null = null;
  for (const [type, gates] of readGates(connection, lines, nowMs).limited) {
    if (!gates.some(({ bucket }) => bucket)) continue;
    // What waits in lines that are not asked for is no reason to look again.
    if (!lines.some((line) => typeOf(line) === type && isReadyIn(connection, line))) continue;
    const waits = gates.map(({ bucket }) => (bucket ? nextTokenInMs(bucket, nowMs) : 0));
    // With a token there but no room, it is for a place that it waits, and not for time to pass. With room there, a
    // token has come since the claim.
    if (gates.some(({ room }, i) => room === 0 && waits[i] === 0)) continue;
    const inMs = Math.max(...waits);
    if (soonest === null || inMs < soonest) soonest = inMs;
  }
  return soonest;
}

/** Whether a claim has to set a bucket right that the clock has left behind. */
export function hasStaleBucket(gates: Gates, nowMs: number): boolean {
  for (const { bucket } of distinct(gates)) if (bucket && isTooFarAhead(bucket, nowMs)) return true;
  return false;
}

function distinct({ limited }: Gates): ReadonlySet<Gate> {
  return new Set([...limited.values()].flat());
}
