import { JobDependencyError } from "../errors.ts";
import type { JobStatus } from "../job.ts";
import { shown } from "../known-options.ts";
import { typeOf } from "../line.ts";
import type { Dependency } from "../store.ts";
import { makeClaimable } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import { appendFinished } from "./finished.ts";
import { locate } from "./locate.ts";
import type { RunCounts } from "./run-counts.ts";
import { takeKeyAgain } from "./unique-keys.ts";

/** How a job with parents comes into the world. */
export type Birth =
  | { readonly kind: "free" }
  | { readonly kind: "waiting"; readonly unmet: number }
  /** `cause` is the parent that did not complete; null if its workflow was cancelled. */
  | { readonly kind: "cancelled"; readonly cause: number | null };

/** A parent of a job that is about to be added. */
export interface Parent {
  readonly seq: number;
  readonly status: JobStatus;
  readonly whenDead: Dependency["whenDead"];
}

/**
 * Looks up the parents of a new job. They exist before it does, so no cycle can be made.
 * @param unknown is told the ids of those that are not there
 */
export function findParents(
  connection: Connection,
  dependsOn: readonly Dependency[],
  unknown: Set<string>,
): Parent[] {
  const byId = new Map(dependsOn.map((parent) => [parent.jobId, parent]));
  return [...byId.values()].flatMap(({ jobId, whenDead }) => {
    const found = locate(connection, jobId);
    if (found) return [{ seq: found.seq, status: found.status, whenDead }];
    unknown.add(jobId);
    return [];
  });
}

/** @throws {JobDependencyError} if there are any */
export function refuseUnknown(unknown: ReadonlySet<string>): void {
  const [first] = unknown;
  if (first === undefined) return;
  const others = unknown.size > 1 ? ` and ${unknown.size - 1} more` : "";
  throw new JobDependencyError(
    `Cannot depend on job ${shown(first)}${others}: there is no such job (it may have been pruned)`,
    [...unknown],
  );
}

/** Draws the edges from a new job to its parents. */
export function linkToParents(connection: Connection, child: number, parents: readonly Parent[]): Birth {
  let unmet = 0;
  let cause: number | null = null;
  for (const { seq, status, whenDead } of parents) {
    const dead = status === "failed" || status === "cancelled";
    const open = !dead && status !== "completed";
    if (open) unmet += 1;
    if (dead && whenDead === "cancel") cause ??= seq;
    connection.run(
      "INSERT INTO edge (parent, child, when_dead, done) VALUES (?, ?, ?, ?)",
      seq,
      child,
      whenDead,
      open || (dead && whenDead === "cancel") ? 0 : 1,
    );
  }
  if (cause !== null) return { kind: "cancelled", cause };
  return unmet > 0 ? { kind: "waiting", unmet } : { kind: "free" };
}

interface ReleasedRow {
  readonly line: string;
  readonly priority: number;
  readonly created_at: number;
  readonly due_at: number;
  readonly expire_after_ms: number | null;
  readonly limit_key: string | null;
  readonly group_key: string | null;
}

/** One of a child's parents is done with: the last one lets it go. */
export function settleOne(connection: Connection, counts: RunCounts, child: number, nowMs: number): void {
  // `unmet` never reaches 0: the last parent removes the row instead.
  if (connection.run("UPDATE waiting SET unmet = unmet - 1 WHERE seq = ? AND unmet > 1", child) === 1) return;
  if (connection.run("DELETE FROM waiting WHERE seq = ?", child) === 0) return;
  const row = connection.get<ReleasedRow>(
    `SELECT coalesce(line, type) AS line, priority, created_at, due_at, expire_after_ms, limit_key,
       group_key
     FROM job WHERE seq = ?`,
    child,
  );
  if (!row) throw new Error(`Waiting job ${child} has no row in job`);
  counts.addState(typeOf(row.line), "waiting", -1);
  const { line, priority, created_at: createdAt, due_at: dueAt, expire_after_ms: expireAfterMs } = row;
  // Without a delay it is due whatever the clock says, which may have been set back since.
  const isDue = dueAt === createdAt || dueAt <= nowMs;
  const { limit_key: limitKey, group_key: groupKey } = row;
  const released = { seq: child, line, np: -priority, dueAt, attempts: 0, expireAfterMs, limitKey, groupKey };
  makeClaimable(connection, counts, released, isDue, nowMs);
}

/**
 * A dead parent was retried: the descendants that it had cancelled, and only those, wait for it again.
 * A child that somebody cancelled by hand has no such cause and stays cancelled.
 */
export function restoreDescendants(
  connection: Connection,
  counts: RunCounts,
  revived: number,
  nowMs: number,
): void {
  const parents = [revived];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    // Children that have not heard of its death need not hear of it any more, unless it stays dead for another cause.
    if (!isDead(connection, parent)) connection.run("DELETE FROM telling WHERE parent = ?", parent);
    const children = connection.all<{ seq: number; type: string }>(
      `SELECT f.seq, f.type FROM edge e JOIN finished f ON f.seq = e.child
       WHERE e.parent = ? AND e.done = 0 AND f.status = 'cancelled' AND f.cancel_cause = e.parent`,
      parent,
    );
    for (const { seq, type } of children) {
      connection.run("DELETE FROM finished WHERE seq = ?", seq);
      counts.addFinished(type, "cancelled", -1);
      waitAgain(connection, counts, seq, type, nowMs);
      parents.push(seq);
    }
  }
}

/** Puts a restored child back to waiting, unless another of its parents is dead by now. */
function waitAgain(
  connection: Connection,
  counts: RunCounts,
  child: number,
  type: string,
  nowMs: number,
): void {
  const edges = connection.all<{ parent: number; when_dead: string }>(
    "SELECT parent, when_dead FROM edge WHERE child = ? AND done = 0",
    child,
  );
  const stillDead = edges.find(
    ({ parent, when_dead }) => when_dead === "cancel" && isDead(connection, parent),
  );
  if (stillDead) {
    appendFinished(connection, counts, {
      seq: child,
      type,
      status: "cancelled",
      finishedAt: nowMs,
      attempts: 0,
      cancelCause: stillDead.parent,
    });
    return;
  }
  connection.run("INSERT INTO waiting (seq, unmet) VALUES (?, ?)", child, edges.length);
  counts.addState(type, "waiting", 1);
  // Where a newer job has its key by now both run: its parent's retry must not leave it behind.
  takeKeyAgain(connection, child, nowMs);
}

function isDead(connection: Connection, seq: number): boolean {
  return (
    connection.get("SELECT 1 FROM dead_letter_jobs WHERE seq = ?", seq) !== undefined ||
    connection.get("SELECT 1 FROM discarded_jobs WHERE seq = ?", seq) !== undefined ||
    connection.get("SELECT 1 FROM finished WHERE seq = ? AND status = 'cancelled'", seq) !== undefined
  );
}
