import type { ClaimedJob } from "../job.ts";
import { formatJobId } from "../job-id.ts";
import { keyIdOf, typeOf, versionOf } from "../line.ts";
import { readPayload } from "../payload.ts";
import type { ClaimRequest } from "../store.ts";
import type { AgeingShare } from "./ageing.ts";
import { beat } from "./beat.ts";
import { hasDue, promoteDue } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import type { EnqueueTime } from "./enqueue.ts";
import { EXPIRE_AT_MOST, expireJob, isExpired } from "./expire.ts";
import { SET_ASIDE_AT_MOST, setAside, shutRows } from "./gated.ts";
import { Allowance, type Gates, hasStaleBucket, passGates, readGates, roomOf } from "./gates.ts";
import { untilGathered } from "./gathered.ts";
import { canOpen, letFollow, openGates } from "./key-gates.ts";
import { KeyRooms } from "./key-rooms.ts";
import { chunksOfTypes, unionOfTypes } from "./per-type.ts";
import { READY_ROWS, type ReadyRow } from "./ready-row.ts";
import type { RunCounts } from "./run-counts.ts";
import { hasSuspects, isSuspect } from "./suspects.ts";
import { type Choice, moveToRunning } from "./take-rows.ts";
import { hasUntold, tellMore } from "./tell-children.ts";
import { releaseClaimed } from "./unique-keys.ts";

export interface ClaimStep {
  readonly claimed: ClaimedJob[];
  /** Nothing was claimed, for more jobs were in the way than one transaction gives up or sets aside. */
  readonly isCut: boolean;
}

/** Whether a claim would find anything: a read, so that an idle worker takes no lock. */
export function hasClaimable(
  connection: Connection,
  request: Pick<ClaimRequest, "lines" | "limit" | "lingerMs">,
  nowMs: number,
): boolean {
  const { lines } = request;
  if (hasDue(connection, nowMs) || hasUntold(connection)) return true;
  const gates = readGates(connection, lines, nowMs);
  const canGateOpen = (): boolean =>
    gates.hasGated && canOpen(connection, new KeyRooms(connection, gates.keyed, nowMs), nowMs);
  if (hasStaleBucket(gates, nowMs) || canGateOpen()) return true;
  return hasReady(connection, gates.open) && isGathered(connection, gates, request, nowMs);
}

/** Whether a batch, if one is asked for, is to be handed out by now. */
function isGathered(
  connection: Connection,
  gates: Gates,
  { limit: size, lingerMs }: Pick<ClaimRequest, "limit" | "lingerMs">,
  nowMs: number,
): boolean {
  if (lingerMs === undefined) return true;
  return untilGathered(connection, { lines: gates.open, size, lingerMs }, nowMs) === 0;
}

function hasReady(connection: Connection, lines: readonly string[]): boolean {
  return chunksOfTypes(lines).some((chunk) => {
    const sql = `${unionOfTypes(chunk.length, "SELECT 1 FROM ready WHERE type = ?")} LIMIT 1`;
    return connection.get(sql, ...chunk) !== undefined;
  });
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
  promoteDue(connection, counts, time.nowMs);
  tellMore(connection, counts, time.nowMs);
  const gates = readGates(connection, request.lines, time.nowMs);
  const rooms = roomsPerKey(connection, gates, time.nowMs);
  if (rooms && gates.hasGated) openGates(connection, rooms, time.nowMs);
  if (!isGathered(connection, gates, request, time.nowMs)) return { claimed: [], isCut: false };
  for (let [expired, aside, window] = [0, 0, request.limit]; ; ) {
    const heads = headsThrough(gates, connection, request.limit);
    const rows = ageing.apply(connection, gates, heads);
    const stale = rows.filter((row) => isExpired(row, time.nowMs));
    for (const row of stale) expireJob(connection, counts, row, request.bury, time);
    expired += stale.length;
    if (stale.length > 0 && expired < EXPIRE_AT_MOST) continue;
    const fresh = stale.length === 0 ? rows : rows.filter((row) => !stale.includes(row));
    const shut = rooms ? shutRows(rooms, fresh) : NO_ROWS;
    const taken = shut.length === 0 ? fresh : fresh.filter((row) => !shut.includes(row));
    if (rooms && shut.length > 0 && aside < SET_ASIDE_AT_MOST) {
      window = Math.min(4 * window, SET_ASIDE_AT_MOST);
      const keep = taken.map(({ seq }) => seq);
      aside += setAside(connection, rooms, { shut, keep, window }, time.nowMs);
      continue;
    }
    // A hook or a child of what was given up may stand among the heads by now, unseen: then none of them is a line's
    // unbroken beginning.
    const choice = { taken, heads: stale.length + shut.length === 0 ? heads : [] };
    const claimed = takeRows(connection, choice, request, time.nowMs);
    counts.addWaits(claimed, time.nowMs);
    if (gates.limited.size > 0) passGates(connection, gates, claimed, time.nowMs);
    if (rooms) {
      rooms.spend();
      letFollow(connection, rooms, taken, time.nowMs);
    }
    return { claimed, isCut: stale.length + shut.length > 0 && taken.length === 0 };
  }
}

const NO_ROWS: readonly ReadyRow[] = [];

/** Null where no key is limited, nor any job set aside: then a claim asks for no job's key. */
function roomsPerKey(connection: Connection, { keyed, hasGated }: Gates, nowMs: number): KeyRooms | null {
  return keyed.size > 0 || hasGated ? new KeyRooms(connection, keyed, nowMs) : null;
}

function takeRows(
  connection: Connection,
  choice: Choice<ReadyRow>,
  { workerId, leaseMs }: ClaimRequest,
  nowMs: number,
): ClaimedJob[] {
  if (choice.taken.length === 0) return [];
  beat(connection, { id: workerId, leaseMs }, nowMs);
  const token = nextToken(connection);
  moveToRunning(connection, choice, { workerId, token, nowMs });
  releaseClaimed(
    connection,
    choice.taken.map(({ seq }) => seq),
  );
  const anySuspects = hasSuspects(connection);
  return choice.taken.map((row) => ({
    id: formatJobId(row.created_at, row.seq),
    type: typeOf(row.type),
    payload: readPayload(row.payload),
    payloadVersion: versionOf(row.type),
    keyId: keyIdOf(row.type),
    priority: 0 - row.np,
    attempt: row.attempts + 1,
    maxAttempts: row.max_attempts,
    workflowId: row.workflow_id,
    scheduledAt: new Date(row.due_at),
    createdAt: new Date(row.created_at),
    slotAt: row.slot_at === null ? null : new Date(row.slot_at),
    generation: row.generation,
    claimedAt: new Date(nowMs),
    workerId,
    leaseToken: token,
    suspect: anySuspects && isSuspect(connection, row.seq),
  }));
}

/** The most urgent jobs that may be claimed, in the order of claiming; of a limited type at most what has room. */
function headsThrough(gates: Gates, connection: Connection, limit: number): readonly ReadyRow[] {
  const { open, limited } = gates;
  const free = limited.size === 0 ? open : open.filter((line) => !limited.has(typeOf(line)));
  const lists = chunksOfTypes(free).map((chunk) =>
    connection.all<ReadyRow>(headsSql(chunk.length), ...chunk, limit),
  );
  for (const type of limited.keys()) {
    const lines = open.filter((line) => typeOf(line) === type);
    const room = Math.min(limit, roomOf(limited, type));
    if (lines.length > 0) lists.push(connection.all<ReadyRow>(headsSql(lines.length), ...lines, room));
  }
  if (lists.length <= 1) return lists[0] ?? [];
  const heads = lists.flat().sort((a, b) => a.np - b.np || a.tag - b.tag || a.seq - b.seq);
  if (limited.size === 0) return heads.slice(0, limit);
  // Types that share a limit have it once between them.
  const allowance = new Allowance(gates);
  return heads.filter(({ type }) => allowance.take(type)).slice(0, limit);
}

/**
 * One seek per type into the primary key of `ready`; UNION ALL with this ORDER BY is merged row by row and stops at
 * the LIMIT, without a temporary B-tree, so the cost does not grow with the backlog.
 */
export function headsSql(types: number): string {
  return `${unionOfTypes(types, READY_ROWS)} ORDER BY 2, 3, 4 LIMIT ?`;
}

/** Never repeats, so a lease of long ago cannot match by chance. */
function nextToken(connection: Connection): number {
  const row = connection.get<{ last: number }>("UPDATE lease_counter SET last = last + 1 RETURNING last");
  if (!row) throw new Error("The table lease_counter has no row");
  return row.last;
}
