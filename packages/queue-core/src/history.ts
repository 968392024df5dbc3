import { OptionInvalidError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
import { addHistogram, countOf, type Histogram, quantile } from "./latency-histogram.ts";

/** So many minutes are kept to look back on: a day. */
export const HISTORY_MINUTES = 24 * 60;
export const LONGEST_STEP_MINUTES = 60;

/** What of the queue's past to tell. */
export interface HistoryQuery {
  /** How far to look back, in minutes, the current one included: 1 to 1,440; 60 by default. */
  readonly minutes?: number;
  /** How many minutes one point stands for: 1 to 60; 1 by default. */
  readonly stepMinutes?: number;
  /** Only jobs of this type; of all types by default. */
  readonly type?: string;
}

const QUERY_NAMES: OptionNames<HistoryQuery> = { minutes: true, stepMinutes: true, type: true };

/** How long something took, over all that are counted. */
export interface Latency {
  readonly count: number;
  /** Half of them took no longer, in milliseconds: an estimate that lies within a factor of two. */
  readonly p50Ms: number;
  /** Of twenty, nineteen took no longer, in milliseconds: likewise. */
  readonly p95Ms: number;
}

/** What happened in a stretch of time. */
export interface HistoryPoint {
  /** When it begins. */
  readonly at: Date;
  /** Jobs that were added, whatever became of them. */
  readonly enqueued: number;
  /** Runs that ended in it, by how. */
  readonly completed: number;
  readonly failed: number;
  readonly timedOut: number;
  /** How long the jobs that were claimed in it had been due; null if none was. */
  readonly waiting: Latency | null;
  /** How long the runs that ended in it took; null if none did. */
  readonly running: Latency | null;
}

/** The queue's recent past, the oldest point first, without gaps; the last one is not over. */
export interface QueueHistory {
  readonly stepMinutes: number;
  readonly points: readonly HistoryPoint[];
  /** The same over all points together. */
  readonly total: Omit<HistoryPoint, "at">;
}

/** What a store keeps of a minute, of one type or of several together. */
export interface MinuteStat {
  /** Minutes since 1970 UTC. */
  readonly minute: number;
  readonly enqueued: number;
  readonly completed: number;
  readonly failed: number;
  readonly timedOut: number;
  readonly waits: Histogram;
  readonly runs: Histogram;
}

/** Which minutes a store is asked for. */
export interface MinuteRange {
  readonly first: number;
  readonly last: number;
  readonly type?: string | undefined;
}

/**
 * The whole steps that a query looks at. Steps begin at multiples of their length, so that a point stays the same
 * point however often it is asked for.
 * @throws {OptionInvalidError}
 */
export function rangeOf(query: HistoryQuery, nowMs: number): MinuteRange & { readonly stepMinutes: number } {
  const problem = unknownOption(query, QUERY_NAMES);
  if (problem !== null) throw new OptionInvalidError(`For the history ${problem}`);
  const { minutes = 60, stepMinutes = 1, type } = query;
  requireMinutes("minutes", minutes, HISTORY_MINUTES);
  requireMinutes("stepMinutes", stepMinutes, LONGEST_STEP_MINUTES);
  const now = Math.floor(nowMs / 60_000);
  const last = now - (now % stepMinutes) + stepMinutes - 1;
  return { first: last + 1 - Math.ceil(minutes / stepMinutes) * stepMinutes, last, stepMinutes, type };
}

function requireMinutes(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new OptionInvalidError(`${name} must be a whole number from 1 to ${most}, got ${shown(value)}`);
}

interface Sum {
  enqueued: number;
  completed: number;
  failed: number;
  timedOut: number;
  readonly waits: number[];
  readonly runs: number[];
}

/** Puts minutes together into points. */
export function toHistory(
  minutes: readonly MinuteStat[],
  { first, last, stepMinutes }: MinuteRange & { readonly stepMinutes: number },
): QueueHistory {
  const sums = Array.from({ length: (last + 1 - first) / stepMinutes }, emptySum);
  const total = emptySum();
  for (const stat of minutes) {
    const sum = sums[Math.floor((stat.minute - first) / stepMinutes)];
    if (!sum) continue;
    addTo(sum, stat);
    addTo(total, stat);
  }
  return {
    stepMinutes,
    points: sums.map((sum, i) => ({ at: new Date((first + i * stepMinutes) * 60_000), ...asPoint(sum) })),
    total: asPoint(total),
  };
}

function emptySum(): Sum {
  return { enqueued: 0, completed: 0, failed: 0, timedOut: 0, waits: [], runs: [] };
}

function addTo(sum: Sum, { enqueued, completed, failed, timedOut, waits, runs }: MinuteStat): void {
  sum.enqueued += enqueued;
  sum.completed += completed;
  sum.failed += failed;
  sum.timedOut += timedOut;
  addHistogram(sum.waits, waits);
  addHistogram(sum.runs, runs);
}

function asPoint({ waits, runs, ...counts }: Sum): Omit<HistoryPoint, "at"> {
  return { ...counts, waiting: asLatency(waits), running: asLatency(runs) };
}

function asLatency(histogram: Histogram): Latency | null {
  const [p50Ms, p95Ms] = [quantile(histogram, 0.5), quantile(histogram, 0.95)];
  return p50Ms === null || p95Ms === null ? null : { count: countOf(histogram), p50Ms, p95Ms };
}
