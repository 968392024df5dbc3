import type { GroupState, Groups } from "../groups.ts";
import type { Connection } from "./connection.ts";

/** So many jobs that wait are looked at, shared by the lines that have groups: some milliseconds, whatever waits. */
const LOOK_AT = 2_000;
/** Groups that are listed. */
const LIST_AT_MOST = 100;

interface Count {
  readonly groupKey: string | null;
  readonly n: number;
}

/** Those of each line that come first. Jobs without a group are looked at, too, as they stand between the others. */
const PENDING = {
  ready: countsSql("SELECT seq FROM ready WHERE type = ? ORDER BY np, tag, seq LIMIT ?"),
  gated: countsSql("SELECT seq FROM gated WHERE line = ? LIMIT ?"),
};

function countsSql(seqs: string): string {
  return `SELECT j.group_key AS groupKey, count(*) AS n FROM (${seqs}) h CROSS JOIN job j ON j.seq = h.seq
    GROUP BY j.group_key`;
}

/** The groups that have jobs, and those that have a weight, as far as a bounded look finds them. */
export function readGroups(connection: Connection): Groups {
  const pending = new Map<string, number>();
  const lines = linesOfGroups(connection);
  const each = Math.ceil(LOOK_AT / Math.max(1, lines.length));
  let isCut = false;
  for (const line of lines)
    for (const sql of Object.values(PENDING)) {
      const rows = connection.all<Count>(sql, line, each + 1);
      isCut ||= rows.reduce((sum, { n }) => sum + n, 0) > each;
      add(pending, rows);
    }
  const processing = new Map<string, number>();
  // Never more than the workers have slots.
  add(processing, connection.all<Count>(countsSql("SELECT seq FROM running")));
  const counted = [...new Set([...pending.keys(), ...processing.keys()])].map((groupKey) => ({
    groupKey,
    pending: pending.get(groupKey) ?? 0,
    processing: processing.get(groupKey) ?? 0,
  }));
  counted.sort((a, b) => b.pending + b.processing - a.pending - a.processing || byKey(a, b));
  const found = counted
    .slice(0, LIST_AT_MOST)
    .map((group) => ({ ...group, weight: weightOf(connection, group) }));
  const idle = connection
    .all<GroupState>(
      `SELECT group_key AS groupKey, weight, 0 AS pending, 0 AS processing FROM group_weight
       ORDER BY group_key LIMIT ?`,
      2 * LIST_AT_MOST + 1,
    )
    .filter(({ groupKey }) => !pending.has(groupKey) && !processing.has(groupKey));
  const all = [...found, ...idle];
  return {
    items: all.slice(0, LIST_AT_MOST),
    isCut: isCut || counted.length > LIST_AT_MOST || all.length > LIST_AT_MOST,
  };
}

function add(counts: Map<string, number>, rows: readonly Count[]): void {
  for (const { groupKey, n } of rows)
    if (groupKey !== null) counts.set(groupKey, (counts.get(groupKey) ?? 0) + n);
}

/** One seek each, however many groups have a turn there. */
function linesOfGroups(connection: Connection): readonly string[] {
  const lines: string[] = [];
  for (let last = ""; ; ) {
    const sql = "SELECT line FROM group_turn WHERE line > ? ORDER BY line LIMIT 1";
    const next = connection.get<{ line: string }>(sql, last);
    if (!next) return lines;
    last = next.line;
    lines.push(last);
  }
}

function weightOf(connection: Connection, { groupKey }: { readonly groupKey: string }): number {
  const sql = "SELECT weight FROM group_weight WHERE group_key = ?";
  return connection.get<{ weight: number }>(sql, groupKey)?.weight ?? 1;
}

function byKey(a: { readonly groupKey: string }, b: { readonly groupKey: string }): number {
  return a.groupKey < b.groupKey ? -1 : 1;
}
