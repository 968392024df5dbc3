import { parseJobId } from "../job-id.ts";
import type { Finish, FinishOutcome } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { RunCounts } from "./run-counts.ts";
import { clearSuspect, hasSuspects } from "./suspects.ts";
import { tellCompletion } from "./tell-children.ts";
import { releaseEnded } from "./unique-keys.ts";

/** Under one lease token fewer runs than this are ended one by one: a list costs a few statements of its own. */
const LIST_FROM = 4;

const COMPLETED: FinishOutcome = { accepted: true, status: "completed" };

interface Completed {
  readonly seq: number;
  readonly result: string | null;
}

/**
 * Ends the runs that only completed, those of one claim together: a handful of statements for all of them, under the
 * same fence as one. Where any of them lost its lease none of its claim is touched, and they are left for the caller
 * to end one by one.
 * @returns what became of each; undefined for those that are left
 */
export function finishCompleted(
  connection: Connection,
  counts: RunCounts,
  finishes: readonly Finish[],
  nowMs: number,
): (FinishOutcome | undefined)[] {
  const outcomes = Array.from<FinishOutcome | undefined>({ length: finishes.length });
  for (const [token, indexes] of byToken(finishes)) {
    const runs = indexes.map((index) => asCompleted(finishes[index]));
    if (runs.includes(null) || !completeList(connection, counts, token, runs as Completed[], nowMs)) continue;
    for (const index of indexes) outcomes[index] = COMPLETED;
  }
  return outcomes;
}

function byToken(finishes: readonly Finish[]): readonly (readonly [number, readonly number[]])[] {
  const groups = new Map<number, number[]>();
  finishes.forEach(({ job, verdict, followUps, effects }, index) => {
    if (verdict.verb !== "complete" || followUps.length > 0 || effects.length > 0) return;
    const group = groups.get(job.leaseToken);
    if (group) group.push(index);
    else groups.set(job.leaseToken, [index]);
  });
  return [...groups].filter(([, indexes]) => indexes.length >= LIST_FROM);
}

function asCompleted(finish: Finish | undefined): Completed | null {
  const seq = finish && parseJobId(finish.job.id)?.seq;
  if (seq === undefined || finish?.verdict.verb !== "complete") return null;
  return { seq, result: finish.verdict.result };
}

/** @returns false if not all of them are held under this token: then nothing was written */
function completeList(
  connection: Connection,
  counts: RunCounts,
  token: number,
  runs: readonly Completed[],
  nowMs: number,
): boolean {
  const numbers = runs.map(({ seq }) => seq);
  // The same run twice in one list: only one of them can be its end.
  if (new Set(numbers).size !== numbers.length) return false;
  const seqs = JSON.stringify(numbers);
  const held = countHeld(connection, token, seqs);
  if (held.reduce((sum, row) => sum + row.runs, 0) !== runs.length) return false;
  appendList(connection, token, runs, seqs, nowMs);
  connection.run(
    "DELETE FROM running WHERE seq IN (SELECT value FROM json_each(?)) AND token = ?",
    seqs,
    token,
  );
  for (const row of held) {
    counts.addRuns(row.type, "completed", nowMs, nowMs - row.claimed_at, row.runs);
    counts.addFinished(row.type, "completed", row.runs);
  }
  releaseEnded(connection, numbers);
  if (hasSuspects(connection)) for (const { seq } of runs) clearSuspect(connection, seq);
  if (!hasEdges(connection)) return true;
  const parents = connection.all<{ parent: number }>(
    "SELECT DISTINCT parent FROM edge WHERE parent IN (SELECT value FROM json_each(?)) AND done = 0 ORDER BY parent",
    seqs,
  );
  for (const { parent } of parents) tellCompletion(connection, counts, parent, nowMs);
  return true;
}

/** Whether any job depends on another: most queues have none that does, and need not look for each job. */
function hasEdges(connection: Connection): boolean {
  return connection.get("SELECT 1 FROM edge LIMIT 1") !== undefined;
}

interface HeldCount {
  readonly type: string;
  readonly runs: number;
  readonly claimed_at: number;
}

/** How many of the runs are held under a token, by type. Runs of one claim began in the same instant. */
function countHeld(connection: Connection, token: number, seqs: string): readonly HeldCount[] {
  const held = "FROM json_each(?) e CROSS JOIN running r ON r.seq = e.value AND r.token = ?";
  const whole = connection.get<HeldCount & { readonly last: string }>(
    `SELECT count(*) AS runs, min(r.type) AS type, max(r.type) AS last, min(r.claimed_at) AS claimed_at ${held}`,
    seqs,
    token,
  );
  if (!whole || whole.runs === 0 || whole.type === whole.last) return whole ? [whole] : [];
  return connection.all<HeldCount>(
    `SELECT r.type, count(*) AS runs, min(r.claimed_at) AS claimed_at ${held} GROUP BY r.type`,
    seqs,
    token,
  );
}

function appendList(
  connection: Connection,
  token: number,
  runs: readonly Completed[],
  seqs: string,
  nowMs: number,
): void {
  // Handlers seldom return anything, and a list of numbers is read in half the time.
  const isPlain = runs.every(({ result }) => result === null);
  const [seq, result] = isPlain ? ["e.value", "NULL"] : ["e.value ->> 0", "e.value ->> 1"];
  connection.run(
    `INSERT INTO finished (seq, type, status, finished_at, attempts, result, worker_id, claimed_at)
     SELECT r.seq, r.type, 'completed', ?, r.attempts + 1, ${result}, r.worker_id, r.claimed_at
     FROM json_each(?) e CROSS JOIN running r ON r.seq = ${seq} AND r.token = ?`,
    nowMs,
    isPlain ? seqs : JSON.stringify(runs.map((run) => [run.seq, run.result])),
    token,
  );
}
