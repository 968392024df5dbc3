import type { JobStatus } from "../job.ts";
import type { Connection } from "./connection.ts";
import { NOT_COUNTED_IN } from "./not-counted-in.ts";
import type { RunCounts } from "./run-counts.ts";

/**
 * Jobs are counted in by so many at a time, whoever adds the one that is due for it: a counter row per job would cost
 * a fifth of an enqueue. The rest, never more than these, is counted when somebody asks.
 */
const COUNT_IN_EVERY = 256;

/** Counts jobs in if those just added, which have all numbers from the first to the last, pass a multiple of 256. */
export function countInAfter(connection: Connection, counts: RunCounts, first: number, last: number): void {
  if (Math.floor(last / COUNT_IN_EVERY) >= Math.ceil(first / COUNT_IN_EVERY)) countIn(connection, counts);
}

/** Counts in all jobs that have not been. Before any of them is deleted, too: it will be counted out. */
export function countIn(connection: Connection, counts: RunCounts): void {
  const all = connection.get<{
    jobs: number;
    last: number;
    type: string;
    lastType: string;
    from: number;
    to: number;
  }>(
    `SELECT count(*) AS jobs, max(seq) AS last, min(type) AS type, max(type) AS lastType,
       min(created_at) / 60000 AS "from", max(created_at) / 60000 AS "to" ${NOT_COUNTED_IN}`,
  );
  if (!all || all.jobs === 0) return;
  // Nearly always of one type and minute: sorting them into groups would cost more than all the rest.
  const groups =
    all.type === all.lastType && all.from === all.to
      ? [{ type: all.type, minute: all.from, jobs: all.jobs }]
      : connection.all<{ type: string; minute: number; jobs: number }>(
          `SELECT type, created_at / 60000 AS minute, count(*) AS jobs ${NOT_COUNTED_IN} GROUP BY 1, 2`,
        );
  for (const { type, minute, jobs } of groups) {
    counts.addState(type, "any", jobs);
    counts.addEnqueued(type, minute, jobs);
  }
  connection.run("UPDATE counted_in SET up_to = ?", all.last);
}

export interface StateCount {
  readonly type: string;
  readonly status: JobStatus;
  readonly count: number;
}

export interface JobCounts {
  /** Those that are not 0, by type and state. */
  readonly byType: readonly StateCount[];
  /** Dead letters that nobody has looked at. */
  readonly unreviewed: number;
}

/** One statement, so that all of it is of one moment. Of `running` there are no more rows than workers have slots. */
const COUNTS = `SELECT type, state, count FROM job_count
  UNION ALL SELECT type, status, count FROM finished_count
  UNION ALL SELECT type, 'any', count(*) ${NOT_COUNTED_IN} GROUP BY type
  UNION ALL SELECT type, 'processing', count(*) FROM running GROUP BY type`;

type KeptState = Exclude<JobStatus, "pending"> | "any" | "unreviewed";

/**
 * Counts jobs at a cost that does not grow with the queue. What is in none of the other states is pending: that way
 * neither adding a job nor claiming it writes a counter.
 */
export function countJobs(connection: Connection): JobCounts {
  const kept = new Map<string, Map<KeptState, number>>();
  for (const { type, state, count } of connection.all<{ type: string; state: KeptState; count: number }>(
    COUNTS,
  )) {
    const ofType = kept.get(type) ?? new Map<KeptState, number>();
    ofType.set(state, (ofType.get(state) ?? 0) + count);
    kept.set(type, ofType);
  }
  const byType: StateCount[] = [];
  let unreviewed = 0;
  for (const [type, { any = 0, unreviewed: unseen = 0, ...others }] of [...kept].map(asRecord)) {
    unreviewed += unseen;
    const known = Object.entries(others) as [JobStatus, number][];
    const pending = known.reduce((left, [, count]) => left - count, any);
    for (const [status, count] of [...known, ["pending", pending] as const])
      if (count !== 0) byType.push({ type, status, count });
  }
  return { byType: byType.sort(byTypeAndState), unreviewed };
}

function asRecord([type, counts]: readonly [string, ReadonlyMap<KeptState, number>]): readonly [
  string,
  Partial<Record<KeptState, number>>,
] {
  return [type, Object.fromEntries(counts)];
}

function byTypeAndState(a: StateCount, b: StateCount): number {
  const [first, second] = [`${a.type}\0${a.status}`, `${b.type}\0${b.status}`];
  return first < second ? -1 : first > second ? 1 : 0;
}
