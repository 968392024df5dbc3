import type { KillBed } from "./kill-bed.ts";

/** What was added held against what ran and what was finished. */
export interface Account {
  /** Jobs in the database. */
  readonly jobs: number;
  /** Jobs that were added and are not there, never ran, or were not finished. */
  readonly lost: readonly string[];
  /** Jobs whose completion committed more than once. */
  readonly finishedTwice: readonly string[];
  /** Jobs that were run more than once. */
  readonly ranTwice: readonly string[];
  /** Jobs that ran among others again, though the process that ran them first had died. */
  readonly rerunAmongOthers: readonly string[];
  /** Jobs that a crash cost an attempt. */
  readonly charged: readonly string[];
  /** What SQLite says about the file. */
  readonly integrity: unknown;
}

/** @param added ids of jobs that somebody was told are there; the jobs of the database are held to the same */
export function takeAccount(bed: KillBed, added: Iterable<string> = []): Account {
  const stored = bed.sql<{ id: string; status: string; attempts: number }>(
    "SELECT id, status, attempts FROM jobs",
  );
  const completed = new Set(stored.filter(({ status }) => status === "completed").map(({ id }) => id));
  const finished = countById(
    bed.sql<{ job_id: string }>("SELECT job_id FROM ledger").map((row) => row.job_id),
  );
  const ran = bed.runsByJob;
  const expected = new Set([...added, ...stored.map(({ id }) => id)]);
  return {
    jobs: stored.length,
    lost: [...expected].filter((id) => !completed.has(id) || !finished.has(id) || !ran.has(id)),
    finishedTwice: moreThanOnce(finished),
    ranTwice: moreThanOnce(ran),
    rerunAmongOthers: moreThanOnce(countById(bed.runsAmongOthers)),
    charged: stored.filter(({ attempts }) => attempts !== 1).map(({ id }) => id),
    integrity: bed.sql("PRAGMA integrity_check"),
  };
}

/** Where the statistics, which are kept and not counted, differ from a count of the jobs there are. */
export async function findMiscounts(bed: KillBed): Promise<readonly string[]> {
  const { byType } = await bed.queue.stats();
  const counted = bed.sql<{ type: string; status: string; count: number }>(
    `SELECT type, status, count(*) AS count FROM jobs GROUP BY type, status
     UNION ALL SELECT type, 'failed', count(*) FROM dead_letter_jobs GROUP BY type`,
  );
  const lines = (counts: typeof byType | typeof counted): string[] =>
    counts.map(({ type, status, count }) => `${type} ${status} ${count}`);
  const [told, there] = [lines(byType), lines(counted)];
  return [
    ...told.filter((line) => !there.includes(line)).map((line) => `told: ${line}`),
    ...there.filter((line) => !told.includes(line)).map((line) => `there: ${line}`),
  ];
}

export const INTACT = [{ integrity_check: "ok" }];

function countById(ids: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function moreThanOnce(counts: ReadonlyMap<string, number>): readonly string[] {
  return [...counts].filter(([, count]) => count > 1).map(([id]) => id);
}
