import type { Connection } from "./connection.ts";
import { settleOne } from "./dependencies.ts";
import { appendFinished } from "./finished.ts";
import type { RunCounts } from "./run-counts.ts";

/**
 * One transaction tells at most so many children that a parent has ended: some milliseconds of work. The rest is told
 * in the transactions of whoever claims or promotes next, so a finish with 100,000 children holds the lock no longer
 * than one with a thousand.
 */
const TELL_AT_MOST = 1_000;
/** So many parents are taken up again at once. */
const PARENTS_AT_ONCE = 100;

interface Ended {
  readonly parent: number;
  /** Children up to this one know. */
  readonly after: number;
  readonly completed: boolean;
}

/** A parent has completed: its children wait for one parent less. */
export function tellCompletion(
  connection: Connection,
  counts: RunCounts,
  parent: number,
  nowMs: number,
): void {
  tell(connection, counts, [{ parent, after: 0, completed: true }], nowMs);
}

/** A parent is dead or cancelled: each child is cancelled, or goes on, as its edge says; so on down the tree. */
export function tellDeath(connection: Connection, counts: RunCounts, parent: number, nowMs: number): void {
  tell(connection, counts, [{ parent, after: 0, completed: false }], nowMs);
}

/** Whether children wait to be told: a read, so that a quiet queue writes nothing. */
export function hasUntold(connection: Connection): boolean {
  const row = connection.get<{ first: number | null }>("SELECT min(parent) AS first FROM telling");
  return row !== undefined && row.first !== null;
}

/**
 * Goes on with what earlier transactions left.
 * @returns how many children were told
 */
export function tellMore(connection: Connection, counts: RunCounts, nowMs: number): number {
  if (!hasUntold(connection)) return 0;
  const rows = connection.all<{ parent: number; after: number; completed: number }>(
    `SELECT parent, after,
       EXISTS (SELECT 1 FROM finished f WHERE f.seq = t.parent AND f.status = 'completed') AS completed
     FROM telling t WHERE parent > 0 ORDER BY parent LIMIT ${PARENTS_AT_ONCE}`,
  );
  for (const { parent } of rows) connection.run("DELETE FROM telling WHERE parent = ?", parent);
  const ended = rows.map((row) => ({ ...row, completed: row.completed === 1 }));
  return tell(connection, counts, ended, nowMs);
}

/** Tells all children of a parent that is about to be forgotten: without its edges they would wait for ever. */
export function tellAll(connection: Connection, counts: RunCounts, parent: number, nowMs: number): void {
  while (connection.get("SELECT 1 FROM telling WHERE parent = ?", parent)) {
    tellMore(connection, counts, nowMs);
  }
}

function tell(connection: Connection, counts: RunCounts, ended: readonly Ended[], nowMs: number): number {
  const parents = [...ended];
  let told = 0;
  for (let next = parents.pop(); next; next = parents.pop()) {
    const room = TELL_AT_MOST - told;
    const edges = room > 0 ? untoldEdges(connection, next, room) : [];
    for (const { child, when_dead } of edges) {
      const goesOn = next.completed || when_dead === "continue";
      if (goesOn) settleEdge(connection, counts, next.parent, child, nowMs);
      else if (cancelChild(connection, counts, next.parent, child, nowMs) && hasOpenEdges(connection, child))
        parents.push({ parent: child, after: 0, completed: false });
    }
    told += edges.length;
    if (edges.length === room || room === 0) postpone(connection, next, edges.at(-1)?.child ?? next.after);
  }
  return told;
}

function untoldEdges(
  connection: Connection,
  { parent, after }: Ended,
  limit: number,
): { readonly child: number; readonly when_dead: string }[] {
  return connection.all(
    "SELECT child, when_dead FROM edge WHERE parent = ? AND child > ? AND done = 0 ORDER BY child LIMIT ?",
    parent,
    after,
    limit,
  );
}

/** The edge is claimed before the child is let go, so a parent that ends again after a retry never counts twice. */
function settleEdge(
  connection: Connection,
  counts: RunCounts,
  parent: number,
  child: number,
  nowMs: number,
): void {
  connection.run("UPDATE edge SET done = 1 WHERE parent = ? AND child = ?", parent, child);
  settleOne(connection, counts, child, nowMs);
}

/** Cancels a child that still waits; its edge stays open, so that a retry of the parent brings it back. */
function cancelChild(
  connection: Connection,
  counts: RunCounts,
  parent: number,
  child: number,
  nowMs: number,
): boolean {
  if (connection.run("DELETE FROM waiting WHERE seq = ?", child) === 0) return false;
  const { type = "" } = connection.get<{ type: string }>("SELECT type FROM job WHERE seq = ?", child) ?? {};
  counts.addState(type, "waiting", -1);
  appendFinished(connection, counts, {
    seq: child,
    type,
    status: "cancelled",
    finishedAt: nowMs,
    attempts: 0,
    cancelCause: parent,
  });
  return true;
}

function hasOpenEdges(connection: Connection, parent: number): boolean {
  return connection.get("SELECT 1 FROM edge WHERE parent = ? AND done = 0 LIMIT 1", parent) !== undefined;
}

function postpone(connection: Connection, { parent }: Ended, after: number): void {
  connection.run("INSERT INTO telling (parent, after) VALUES (?, ?)", parent, after);
}
