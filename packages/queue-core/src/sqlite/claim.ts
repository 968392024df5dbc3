import type { ClaimedJob } from "../job.ts";
import { formatJobId } from "../job-id.ts";
import { readPayload } from "../payload.ts";
import type { ClaimRequest } from "../store.ts";
import type { AgeingShare } from "./ageing.ts";
import { beat } from "./beat.ts";
import { hasDue, promoteDue } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import type { EnqueueTime } from "./enqueue.ts";
import { EXPIRE_AT_MOST, expireJob, isExpired } from "./expire.ts";
import { chunksOfTypes, unionOfTypes } from "./per-type.ts";
import type { RunCounts } from "./run-counts.ts";
import { hasSuspects, isSuspect } from "./suspects.ts";
import { hasUntold, tellMore } from "./tell-children.ts";

/** A row of `ready`: the head of a type's line, in the order of claiming. */
export interface ReadyRow {
  readonly type: string;
  readonly np: number;
  readonly tag: number;
  readonly seq: number;
  readonly attempts: number;
  readonly expires_at: number | null;
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

export interface ClaimStep {
  readonly claimed: ClaimedJob[];
  /** Nothing was claimed, for more expired jobs were in the way than one transaction gives up. */
  readonly isCut: boolean;
}

/** Whether a claim would find anything: a read, so that an idle worker takes no lock. */
export function hasClaimable(connection: Connection, types: readonly string[], nowMs: number): boolean {
  return hasDue(connection, nowMs) || hasUntold(connection) || headsOf(connection, types, 1).length > 0;
}

/**
 * Claims the most urgent jobs of some types, first-in first-out within a priority. Those that nobody took in time are
 * not handed out but given up, as it meets them.
 */
export function claimJobs(
  connection: Connection,
  counts: RunCounts,
  request: ClaimRequest,
  ageing: AgeingShare,
  time: EnqueueTime,
): ClaimStep {
  promoteDue(connection, time.nowMs);
  tellMore(connection, counts, time.nowMs);
  for (let expired = 0; ; ) {
    const rows = selectRows(connection, request, ageing);
    const stale = rows.filter((row) => isExpired(row, time.nowMs));
    for (const row of stale) expireJob(connection, counts, row, request.bury, time);
    expired += stale.length;
    if (stale.length > 0 && expired < EXPIRE_AT_MOST) continue;
    const fresh = rows.filter((row) => !stale.includes(row));
    return {
      claimed: takeRows(connection, fresh, request, time.nowMs),
      isCut: stale.length > 0 && fresh.length === 0,
    };
  }
}

function takeRows(
  connection: Connection,
  rows: readonly ReadyRow[],
  { workerId, leaseMs }: ClaimRequest,
  nowMs: number,
): ClaimedJob[] {
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
  { types, limit }: ClaimRequest,
  ageing: AgeingShare,
): readonly ReadyRow[] {
  return ageing.apply(connection, types, headsOf(connection, types, limit));
}

/** The most urgent jobs of some types, in the order of claiming. */
function headsOf(connection: Connection, types: readonly string[], limit: number): readonly ReadyRow[] {
  const chunks = chunksOfTypes(types);
  const heads = chunks.flatMap((chunk) => connection.all<ReadyRow>(headsSql(chunk.length), ...chunk, limit));
  if (chunks.length <= 1) return heads;
  return heads.sort((a, b) => a.np - b.np || a.tag - b.tag || a.seq - b.seq).slice(0, limit);
}

/**
 * One seek per type into the primary key of `ready`; UNION ALL with this ORDER BY is merged row by row and stops at
 * the LIMIT, without a temporary B-tree, so the cost does not grow with the backlog.
 */
export function headsSql(types: number): string {
  const arm = "SELECT type, np, tag, seq, attempts, expires_at FROM ready WHERE type = ?";
  return `${unionOfTypes(types, arm)} ORDER BY np, tag, seq LIMIT ?`;
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
    payload: readPayload(job.payload),
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
