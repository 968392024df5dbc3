import type { ClaimedJob } from "../job.ts";
import { formatJobId } from "../job-id.ts";
import type { ClaimRequest } from "../store.ts";
import type { AgeingShare } from "./ageing.ts";
import { beat } from "./beat.ts";
import { hasDue, promoteDue } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import { hasSuspects, isSuspect } from "./suspects.ts";

/** A row of `ready`: the head of a type's line, in the order of claiming. */
export interface ReadyRow {
  readonly type: string;
  readonly np: number;
  readonly tag: number;
  readonly seq: number;
  readonly attempts: number;
}

interface ColdRow {
  readonly payload: string;
  readonly priority: number;
  readonly max_attempts: number;
  readonly created_at: number;
  readonly due_at: number;
  readonly workflow_id: string | null;
  readonly slot_at: number | null;
  readonly generation: number;
}

/** Whether a claim would find anything: a read, so that an idle worker takes no lock. */
export function hasClaimable(connection: Connection, types: readonly string[], nowMs: number): boolean {
  return hasDue(connection, nowMs) || connection.get(headsSql(types.length), ...types, 1) !== undefined;
}

/** Claims the most urgent jobs of some types, first-in first-out within a priority. */
export function claimJobs(
  connection: Connection,
  request: ClaimRequest,
  ageing: AgeingShare,
  nowMs: number,
): ClaimedJob[] {
  const { workerId, types, limit, leaseMs } = request;
  promoteDue(connection, nowMs);
  const rows = selectRows(connection, types, limit, ageing);
  if (rows.length === 0) return [];
  beat(connection, { id: workerId, leaseMs }, nowMs);
  const token = nextToken(connection);
  const anySuspects = hasSuspects(connection);
  return rows.map((row) => ({
    ...claimOne(connection, row, workerId, token, nowMs),
    suspect: anySuspects && isSuspect(connection, row.seq),
  }));
}

function selectRows(
  connection: Connection,
  types: readonly string[],
  limit: number,
  ageing: AgeingShare,
): readonly ReadyRow[] {
  const urgent = connection.all<ReadyRow>(headsSql(types.length), ...types, limit);
  return ageing.apply(connection, types, urgent);
}

/**
 * One seek per type into the primary key of `ready`; UNION ALL with this ORDER BY is merged row by row and stops at
 * the LIMIT, without a temporary B-tree, so the cost does not grow with the backlog.
 */
export function headsSql(types: number): string {
  const arm = "SELECT type, np, tag, seq, attempts FROM ready WHERE type = ?";
  return `${Array.from({ length: types }, () => arm).join(" UNION ALL ")} ORDER BY np, tag, seq LIMIT ?`;
}

/** Never repeats, so a lease of long ago cannot match by chance. */
function nextToken(connection: Connection): number {
  const row = connection.get<{ last: number }>("UPDATE lease_counter SET last = last + 1 RETURNING last");
  if (!row) throw new Error("The table lease_counter has no row");
  return row.last;
}

function claimOne(
  connection: Connection,
  row: ReadyRow,
  workerId: string,
  token: number,
  nowMs: number,
): Omit<ClaimedJob, "suspect"> {
  const { seq, type, np, tag, attempts } = row;
  connection.run("DELETE FROM ready WHERE type = ? AND np = ? AND tag = ? AND seq = ?", type, np, tag, seq);
  connection.run(
    "INSERT INTO running (seq, token, type, np, tag, attempts, worker_id, claimed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    seq,
    token,
    type,
    np,
    tag,
    attempts,
    workerId,
    nowMs,
  );
  const job = connection.get<ColdRow>(
    `SELECT payload, priority, max_attempts, created_at, due_at, workflow_id, slot_at, generation
     FROM job WHERE seq = ?`,
    seq,
  );
  if (!job) throw new Error(`Ready job ${seq} has no row in job`);
  return {
    id: formatJobId(job.created_at, seq),
    type,
    payload: JSON.parse(job.payload),
    priority: job.priority,
    attempt: attempts + 1,
    maxAttempts: job.max_attempts,
    workflowId: job.workflow_id,
    scheduledAt: new Date(job.due_at),
    createdAt: new Date(job.created_at),
    claimedAt: new Date(nowMs),
    slotAt: job.slot_at === null ? null : new Date(job.slot_at),
    workerId,
    leaseToken: token,
    generation: job.generation,
  };
}
