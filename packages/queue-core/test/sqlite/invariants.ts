import type Database from "better-sqlite3";

/** In the line, or set aside as its key is at its limit. */
const PENDING = "SELECT seq FROM ready UNION ALL SELECT seq FROM gated";

/** What must hold between any two transactions, each as a query that finds where it does not. */
const INVARIANTS: Readonly<Record<string, string>> = {
  "a job is in exactly one state": `
    SELECT j.seq, count(s.seq) AS states FROM job j LEFT JOIN (
      ${PENDING} UNION ALL SELECT seq FROM scheduled UNION ALL SELECT seq FROM waiting
      UNION ALL SELECT seq FROM running UNION ALL SELECT seq FROM finished UNION ALL SELECT seq FROM dead_letter_jobs
      UNION ALL SELECT seq FROM discarded_jobs
    ) s ON s.seq = j.seq GROUP BY j.seq HAVING states <> iif(j.seq IN (SELECT seq FROM spent_number), 0, 1)`,
  "a spent number hides an empty row": `
    SELECT s.seq FROM spent_number s LEFT JOIN job j ON j.seq = s.seq
      WHERE j.created_at IS NOT 0 OR j.payload <> 'null' OR j.workflow_id IS NOT NULL OR j.unique_key IS NOT NULL`,
  "a state belongs to a job": `
    SELECT seq FROM (
      ${PENDING} UNION ALL SELECT seq FROM scheduled UNION ALL SELECT seq FROM waiting
      UNION ALL SELECT seq FROM running UNION ALL SELECT seq FROM finished UNION ALL SELECT seq FROM dead_letter_jobs
      UNION ALL SELECT seq FROM discarded_jobs
    ) WHERE seq NOT IN (SELECT seq FROM job)`,
  "a place in the line repeats what the job says": `
    SELECT h.seq FROM ready h JOIN job j ON j.seq = h.seq
      WHERE h.type <> coalesce(j.line, j.type) OR h.np <> -j.priority OR h.tag <> coalesce(j.tag, j.due_at)
    UNION ALL SELECT h.seq FROM gated h JOIN job j ON j.seq = h.seq
      WHERE h.line <> coalesce(j.line, j.type) OR h.key IS NOT j.limit_key OR h.np <> -j.priority
        OR h.tag <> coalesce(j.tag, j.due_at)
    UNION ALL SELECT h.seq FROM scheduled h JOIN job j ON j.seq = h.seq
      WHERE h.type <> coalesce(j.line, j.type) OR h.np <> -j.priority OR h.due_at <> j.due_at
        OR h.group_key IS NOT j.group_key OR j.tag IS NOT NULL
    UNION ALL SELECT h.seq FROM running h JOIN job j ON j.seq = h.seq
      WHERE h.type <> j.type OR h.np <> -j.priority OR h.tag <> coalesce(j.tag, j.due_at)
    UNION ALL SELECT h.seq FROM finished h JOIN job j ON j.seq = h.seq WHERE h.type <> j.type`,
  "a place in the line ends when the job says it may, and only then": `
    SELECT h.seq FROM ready h JOIN job j ON j.seq = h.seq
      WHERE (h.expires_at IS NULL) <> (j.expire_after_ms IS NULL)
    UNION ALL SELECT h.seq FROM scheduled h JOIN job j ON j.seq = h.seq
      WHERE h.expire_after_ms IS NOT j.expire_after_ms`,
  "a line is named after its type, with a version from 2 on": `
    SELECT seq, type, line FROM job WHERE line NOT GLOB type || '@[1-9]*' OR line GLOB '*@1'
    UNION ALL SELECT seq, type, line FROM dead_letter_jobs WHERE line NOT GLOB type || '@[1-9]*' OR line GLOB '*@1'`,
  "a waiting job counts its open edges": `
    SELECT w.seq, w.unmet, count(e.parent) AS open FROM waiting w LEFT JOIN edge e ON e.child = w.seq AND e.done = 0
      GROUP BY w.seq HAVING w.unmet <> open`,
  "an open edge of a waiting job leads to a parent that can still end": `
    SELECT e.parent, e.child FROM waiting w JOIN edge e ON e.child = w.seq AND e.done = 0
      WHERE e.parent IN (SELECT seq FROM finished UNION ALL SELECT seq FROM dead_letter_jobs
        UNION ALL SELECT seq FROM discarded_jobs)
        AND NOT EXISTS (SELECT 1 FROM telling t WHERE t.parent = e.parent AND t.after < e.child)`,
  "a parent that tells its children has ended": `
    SELECT parent FROM telling
      WHERE parent NOT IN (SELECT seq FROM finished UNION ALL SELECT seq FROM dead_letter_jobs)`,
  "a job that its dead parent cancels is not claimable": `
    SELECT parent, child FROM edge WHERE when_dead = 'cancel'
      AND child IN (${PENDING} UNION ALL SELECT seq FROM scheduled UNION ALL SELECT seq FROM running)
      AND parent IN (SELECT seq FROM dead_letter_jobs UNION ALL SELECT seq FROM finished WHERE status = 'cancelled'
        UNION ALL SELECT seq FROM discarded_jobs)`,
  "an edge joins two jobs": `
    SELECT parent, child FROM edge
      WHERE parent NOT IN (SELECT seq FROM job) OR child NOT IN (SELECT seq FROM job)`,
  "what a parent did to its child is remembered while both are there": `
    SELECT seq, cancel_cause FROM finished WHERE cancel_cause NOT IN (SELECT seq FROM job)`,
  "finished_count equals a recount": `
    SELECT type, status, sum(count) AS difference FROM (
      SELECT type, status, count FROM finished_count UNION ALL SELECT type, status, -1 FROM finished
    ) GROUP BY type, status HAVING difference <> 0`,
  "job_count equals a recount": `
    SELECT type, state, sum(count) AS difference FROM (
      SELECT type, state, count FROM job_count
      UNION ALL SELECT type, 'any', -1 FROM job
        WHERE seq <= (SELECT up_to FROM counted_in)
          AND seq NOT IN (SELECT seq FROM spent_number UNION ALL SELECT seq FROM discarded_jobs)
      UNION ALL SELECT j.type, 'scheduled', -1 FROM scheduled h JOIN job j ON j.seq = h.seq
      UNION ALL SELECT j.type, 'waiting', -1 FROM waiting h JOIN job j ON j.seq = h.seq
      UNION ALL SELECT type, 'failed', -1 FROM dead_letter_jobs
      UNION ALL SELECT type, 'unreviewed', -1 FROM dead_letter_jobs WHERE reviewed = 0
    ) GROUP BY type, state HAVING difference <> 0`,
  "few jobs have not been counted in": `
    SELECT up_to FROM counted_in
      WHERE up_to > (SELECT coalesce(max(seq), 0) FROM job) OR up_to + 255 < (SELECT coalesce(max(seq), 0) FROM job)`,
  "how long runs took is known of every run that ended": `
    SELECT minute, type FROM minute_stat
      WHERE completed + failed + timed_out <> (SELECT total(value) FROM json_each(runs))`,
  "a unique key points at the job that has it": `
    SELECT u.type, u.key FROM unique_key u LEFT JOIN job j ON j.seq = u.seq
      WHERE j.seq IS NULL OR j.type <> u.type OR j.unique_key IS NOT u.key`,
  "a job's unique key is held by it": `
    SELECT j.seq FROM job j LEFT JOIN unique_key u ON u.type = j.type AND u.key = j.unique_key
      WHERE j.unique_key IS NOT NULL AND j.unique_scope IS NULL AND u.seq IS NOT j.seq
        AND j.seq NOT IN (SELECT seq FROM discarded_jobs)`,
  "a key that a transition gives back belongs to a job that has not come to it": `
    SELECT u.key FROM unique_key u WHERE u.scope = 'unfinished' AND u.seq NOT IN (
      ${PENDING} UNION ALL SELECT seq FROM scheduled UNION ALL SELECT seq FROM waiting
      UNION ALL SELECT seq FROM running)
    UNION ALL SELECT u.key FROM unique_key u WHERE u.scope = 'unclaimed' AND u.seq NOT IN (
      ${PENDING} UNION ALL SELECT seq FROM scheduled UNION ALL SELECT seq FROM waiting)`,
  "a running job belongs to a worker that was seen": `
    SELECT seq, worker_id FROM running WHERE worker_id NOT IN (SELECT id FROM worker)`,
  "a lease token was given out by the counter": `
    SELECT seq, token FROM running WHERE token > (SELECT last FROM lease_counter)`,
  "nothing of a cancelled workflow can be claimed": `
    SELECT j.seq FROM cancelled_workflow c JOIN job j ON j.workflow_id = c.id WHERE c.after IS NULL AND j.seq IN (
      ${PENDING} UNION ALL SELECT seq FROM scheduled UNION ALL SELECT seq FROM waiting)`,
  "a suspect may still run": `
    SELECT seq FROM suspect WHERE seq NOT IN (
      ${PENDING} UNION ALL SELECT seq FROM scheduled UNION ALL SELECT seq FROM running)`,
  "a suspect has not killed as many processes as bury it": `
    SELECT seq, crashes FROM suspect WHERE crashes >= 3`,
  "what a parent cancelled comes back with it": `
    SELECT seq, cancel_cause FROM finished WHERE cancel_cause IS NOT NULL AND cancel_cause NOT IN (
      SELECT seq FROM dead_letter_jobs UNION ALL SELECT seq FROM finished WHERE status = 'cancelled'
        UNION ALL SELECT seq FROM discarded_jobs)`,
  "a slot that was taken has its job": `
    SELECT s.schedule_id, s.slot_at FROM cron_slot s JOIN job j ON j.seq = s.seq WHERE j.slot_at IS NOT s.slot_at`,
  "a schedule that the code withdrew is off": `
    SELECT id FROM cron_schedules WHERE is_withdrawn = 1 AND (is_active = 1 OR is_declared = 0)`,
  "no more run than their limit lets": `
    SELECT l.name FROM job_limit l WHERE l.concurrency < (
      SELECT count(*) FROM running r WHERE iif(l.is_shared = 0, r.type = l.name,
        r.type IN (SELECT s.type FROM limit_share s WHERE s.name = l.name)))`,
  "no more of a key run than their limit lets": `
    SELECT l.name, j.limit_key FROM job_limit l JOIN running r ON iif(l.is_shared = 0, r.type = l.name,
        r.type IN (SELECT s.type FROM limit_share s WHERE s.name = l.name))
      JOIN job j ON j.seq = r.seq WHERE j.limit_key IS NOT NULL
      GROUP BY l.name, j.limit_key HAVING count(*) > l.key_concurrency`,
  "what is set aside has a gate, and each gate something behind it": `
    SELECT g.line, g.key FROM gated g LEFT JOIN key_gate k ON k.line = g.line AND k.key = g.key
      WHERE k.key IS NULL
    UNION ALL SELECT k.line, k.key FROM key_gate k
      WHERE NOT EXISTS (SELECT 1 FROM gated g WHERE g.line = k.line AND g.key = k.key)`,
  "a gate that nobody looks at has let in a job that is there still": `
    SELECT k.line, k.key FROM key_gate k WHERE k.look_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM ready h JOIN job j ON j.seq = h.seq WHERE h.type = k.line AND j.limit_key = k.key)`,
  "a limit that lets all through was declared and lifted": `
    SELECT name FROM job_limit
      WHERE coalesce(rate_limit, concurrency, key_rate_limit, key_concurrency) IS NULL
        AND (is_edited = 0 OR declared IS NULL)`,
  "a dead letter names its job": `
    SELECT d.seq FROM dead_letter_jobs d JOIN job j ON j.seq = d.seq
      WHERE d.original_job_id <> printf('%011x-%012x', j.created_at, j.seq)`,
  "what hangs on a job goes with it": `
    SELECT 'attempt' AS what, seq FROM attempt WHERE seq NOT IN (SELECT seq FROM job)
    UNION ALL SELECT 'run_report', seq FROM run_report WHERE seq NOT IN (SELECT seq FROM job)
    UNION ALL SELECT 'processed_jobs', job_id FROM processed_jobs
      WHERE job_id NOT IN (SELECT printf('%011x-%012x', created_at, seq) FROM job)`,
};

/** What the views make of it: a few times slower to ask than all of the above. */
const VIEW_INVARIANTS: Readonly<Record<string, string>> = {
  "a job is listed once, in jobs or in dead_letter_jobs": `
    SELECT j.seq, count(l.seq) AS listed FROM job j LEFT JOIN (
      SELECT seq FROM jobs UNION ALL SELECT seq FROM dead_letter_jobs
    ) l ON l.seq = j.seq GROUP BY j.seq HAVING listed <> iif(
      j.seq IN (SELECT seq FROM spent_number UNION ALL SELECT seq FROM discarded_jobs), 0, 1)`,
};

/**
 * Makes a search for invariants that do not hold; its queries are prepared once.
 * @param options.views look through the views too
 */
export function prepareInvariants(
  database: Database.Database,
  { views }: { readonly views: boolean },
): () => string[] {
  const rules = views ? { ...INVARIANTS, ...VIEW_INVARIANTS } : INVARIANTS;
  const queries = Object.entries(rules).map(([rule, sql]) => [rule, database.prepare(sql)] as const);
  return () =>
    queries.flatMap(([rule, query]) => {
      const rows = query.all();
      return rows.length > 0 ? [`${rule}, not so: ${JSON.stringify(rows)}`] : [];
    });
}

/** Names each invariant that does not hold, with the rows that break it. */
export function findFaults(database: Database.Database): string[] {
  const faults = prepareInvariants(database, { views: true })();
  const integrity = database.pragma("integrity_check", { simple: true });
  if (integrity !== "ok") faults.push(`the file is damaged: ${String(integrity)}`);
  const orphans = database.pragma("foreign_key_check");
  if (!Array.isArray(orphans) || orphans.length > 0)
    faults.push(`a foreign key leads nowhere: ${JSON.stringify(orphans)}`);
  if (isWriteLocked(database)) faults.push("a write transaction is still open");
  return faults;
}

function isWriteLocked(database: Database.Database): boolean {
  try {
    database.exec("BEGIN IMMEDIATE; ROLLBACK");
    return false;
  } catch {
    // Any refusal means that somebody else holds the lock: the test has nothing under way by now.
    return true;
  }
}
