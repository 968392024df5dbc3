import type Database from "better-sqlite3";
import { formatJobId } from "../../src/job-id.ts";
import type { JobState } from "../../src/transitions.ts";

/** What the store says of one job. */
export interface JobFacts {
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  /** Where it stands, or would stand, to be claimed. */
  readonly line: string;
  readonly payload: string;
  readonly state: JobState;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly dueAt: number;
  readonly generation: number;
  /** Of its lease while it runs. */
  readonly token: number | null;
  readonly workerId: string | null;
  readonly cancelRequested: boolean;
  /** Deaths of processes in which it ran alone; null if it is under no suspicion. */
  readonly crashes: number | null;
  /** Failed runs in its history. */
  readonly failures: number;
  readonly slotAt: number | null;
  /** How long it may stand in the line, in milliseconds. */
  readonly expireAfterMs: number | null;
  /** When it has stood there for too long. */
  readonly expiresAt: number | null;
  /** Whether a parent's end has cancelled it. */
  readonly cancelledByParent: boolean;
  /** Of its dead letter. */
  readonly isEdited: boolean;
  readonly deathReason: string | null;
}

interface WorkerFacts {
  readonly beat: number;
  readonly startedAt: number;
  readonly isDraining: boolean;
}

/** Runs that ended in a minute, as the store counts them. */
interface MinuteRuns {
  readonly minute: number;
  readonly completed: number;
  /** Timed out, too. */
  readonly failed: number;
}

/** All that the rules about two states of the store look at. */
export interface Snapshot {
  readonly jobs: ReadonlyMap<string, JobFacts>;
  /** Parents by child. */
  readonly parents: ReadonlyMap<string, readonly string[]>;
  readonly workers: ReadonlyMap<string, WorkerFacts>;
  readonly notes: ReadonlySet<string>;
  /** Checkpoints, as `jobId generation step`. */
  readonly steps: ReadonlySet<string>;
  /** By job and lease token, what its run told. */
  readonly reports: ReadonlyMap<string, string>;
  /** By minute and type. */
  readonly minutes: ReadonlyMap<string, MinuteRuns>;
  readonly newestToken: number;
}

type Cell = number | string | null;
type StateRow = readonly [
  seq: number,
  state: JobState,
  attempts: number,
  token: number | null,
  workerId: string | null,
  cancelRequested: number,
  cancelledByParent: number,
  isEdited: number,
  deathReason: string | null,
  expiresAt: number | null,
];

type JobRow = readonly [
  seq: number,
  createdAt: number,
  type: string,
  payload: string,
  maxAttempts: number,
  dueAt: number,
  generation: number,
  slotAt: number | null,
  expireAfterMs: number | null,
  line: string,
];

const QUERIES = {
  jobs: `SELECT seq, created_at, type, payload, max_attempts, due_at, generation, slot_at, expire_after_ms,
      coalesce(line, type)
    FROM job WHERE seq NOT IN (SELECT seq FROM spent_number)`,
  states: `SELECT seq, 'pending', attempts, NULL, NULL, 0, 0, 0, NULL, expires_at FROM ready
    UNION ALL SELECT seq, 'pending', attempts, NULL, NULL, 0, 0, 0, NULL, expires_at FROM gated
    UNION ALL SELECT seq, 'scheduled', attempts, NULL, NULL, 0, 0, 0, NULL, NULL FROM scheduled
    UNION ALL SELECT seq, 'waiting', 0, NULL, NULL, 0, 0, 0, NULL, NULL FROM waiting
    UNION ALL SELECT seq, 'processing', attempts, token, worker_id, cancel_requested_at IS NOT NULL, 0, 0, NULL, NULL
      FROM running
    UNION ALL SELECT seq, status, attempts, NULL, NULL, 0, cancel_cause IS NOT NULL, 0, NULL, NULL FROM finished
    UNION ALL SELECT seq, 'failed', attempts, NULL, NULL, 0, 0, edited, reason, NULL FROM dead_letter_jobs
    UNION ALL SELECT seq, 'discarded', attempts, NULL, NULL, 0, 0, edited, reason, NULL FROM discarded_jobs`,
  suspects: "SELECT seq, crashes FROM suspect",
  failures: "SELECT seq, count(*) FROM attempt GROUP BY seq",
  edges: "SELECT parent, child FROM edge",
  workers: "SELECT id, beat, started_at, draining_at IS NOT NULL FROM worker",
  notes: "SELECT text FROM note",
  steps: "SELECT job_id || ' ' || generation || ' ' || step FROM processed_jobs",
  reports: `SELECT printf('%011x-%012x', j.created_at, j.seq) || ' ' || r.token, r.progress
    FROM run_report r JOIN job j ON j.seq = r.seq`,
  minutes: "SELECT minute || ' ' || type, minute, completed, failed + timed_out FROM minute_stat",
  token: "SELECT last FROM lease_counter",
} as const;

/** Makes readers of snapshots, whole or of the workers alone; their statements are prepared once. */
export function snapshotReaders(database: Database.Database): {
  readonly read: () => Snapshot;
  readonly readWorkers: () => Snapshot["workers"];
} {
  const statements = Object.fromEntries(
    Object.entries(QUERIES).map(([name, sql]) => [name, database.prepare<[], Cell[]>(sql).raw()]),
  );
  const rows = (name: keyof typeof QUERIES): readonly Cell[][] => statements[name]?.all() ?? [];
  const readWorkers = (): Snapshot["workers"] =>
    new Map(
      rows("workers").map(([id, beat, startedAt, draining]) => [
        String(id),
        { beat: Number(beat), startedAt: Number(startedAt), isDraining: draining === 1 },
      ]),
    );
  const read = (): Snapshot => {
    const ids = new Map<number, string>();
    const jobs = rows("jobs") as unknown as readonly JobRow[];
    for (const [seq, createdAt] of jobs) ids.set(seq, formatJobId(createdAt, seq));
    const idOf = (seq: Cell | undefined): string => ids.get(Number(seq)) ?? `no job ${seq}`;
    // Two states of one job are found by the SQL invariants; here the last one stands.
    const states = new Map(rows("states").map((row) => [row[0], row as unknown as StateRow]));
    const suspects = new Map(rows("suspects").map(([seq, crashes]) => [seq, Number(crashes)]));
    const failures = new Map(rows("failures").map(([seq, count]) => [seq, Number(count)]));
    const parents = new Map<string, string[]>();
    for (const [parent, child] of rows("edges")) {
      const known = parents.get(idOf(child));
      if (known) known.push(idOf(parent));
      else parents.set(idOf(child), [idOf(parent)]);
    }
    return {
      jobs: new Map(
        jobs.map(([seq, , type, payload, maxAttempts, dueAt, generation, slotAt, expireAfterMs, line]) => {
          const row = states.get(seq) ?? ([seq, "gone", 0, null, null, 0, 0, 0, null, null] as const);
          const [
            ,
            state,
            attempts,
            token,
            workerId,
            cancelRequested,
            byParent,
            isEdited,
            deathReason,
            expiresAt,
          ] = row;
          const facts: JobFacts = {
            id: idOf(seq),
            seq,
            type,
            payload,
            state,
            attempts,
            maxAttempts,
            dueAt,
            generation,
            token,
            workerId,
            cancelRequested: cancelRequested === 1,
            crashes: suspects.get(seq) ?? null,
            failures: failures.get(seq) ?? 0,
            slotAt,
            expireAfterMs,
            line,
            expiresAt,
            cancelledByParent: byParent === 1,
            isEdited: isEdited === 1,
            deathReason,
          };
          return [facts.id, facts];
        }),
      ),
      parents,
      workers: readWorkers(),
      notes: new Set(rows("notes").map(([text]) => String(text))),
      steps: new Set(rows("steps").map(([step]) => String(step))),
      reports: new Map(rows("reports").map(([row, progress]) => [String(row), String(progress)])),
      minutes: new Map(
        rows("minutes").map(([key, minute, completed, failed]) => [
          String(key),
          { minute: Number(minute), completed: Number(completed), failed: Number(failed) },
        ]),
      ),
      newestToken: Number(rows("token")[0]?.[0]),
    };
  };
  return { read, readWorkers };
}
