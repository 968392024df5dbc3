-- The name of a job's step in a workflow that was started from steps; what it is called there, for people and handlers.
ALTER TABLE job ADD COLUMN step TEXT;

-- Workflows that were cancelled as a whole: what their jobs still add is stored as cancelled.
CREATE TABLE cancelled_workflow (
  id TEXT PRIMARY KEY,
  cancelled_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cancelled_workflow_by_time ON cancelled_workflow (cancelled_at);

DROP VIEW workflow_jobs;
DROP VIEW jobs;

-- For people and reports, as before, each arm beginning with `job`.
CREATE VIEW jobs AS
SELECT
  printf('%011x-%012x', j.created_at, j.seq) AS id,
  j.type, j.payload, 'pending' AS status, j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1) AS last_error,
  j.due_at AS scheduled_at, j.created_at, j.due_at AS updated_at, NULL AS completed_at,
  NULL AS locked_by, NULL AS locked_at, j.workflow_id, j.detached, j.slot_at, NULL AS result, j.seq, j.snoozes, j.step
FROM job j JOIN ready h ON h.type = j.type AND h.np = -j.priority AND h.tag = j.due_at AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'scheduled', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at,
  coalesce((SELECT a.finished_at FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1), j.created_at), NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step
FROM job j JOIN scheduled h ON h.due_at = j.due_at AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'waiting', j.priority, 0, j.max_attempts,
  NULL,
  j.due_at, j.created_at, j.created_at, NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step
FROM job j JOIN waiting h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'processing', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.claimed_at, NULL,
  h.worker_id, h.claimed_at, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step
FROM job j JOIN running h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, h.status, j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.finished_at, CASE h.status WHEN 'completed' THEN h.finished_at END,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, h.result, j.seq, j.snoozes, j.step
FROM job j JOIN finished h ON h.seq = j.seq;

-- All jobs of a workflow, dead ones as `failed`; ORDER BY seq is the order of creation.
CREATE VIEW workflow_jobs AS
SELECT id, type, payload, status, priority, attempts, max_attempts, last_error, scheduled_at, created_at, updated_at,
  completed_at, locked_by, locked_at, workflow_id, detached, slot_at, result, seq, snoozes, step
FROM jobs WHERE workflow_id IS NOT NULL
UNION ALL
SELECT d.original_job_id, d.type, d.payload, 'failed', d.priority, d.attempts, d.max_attempts, d.last_error, j.due_at,
  d.created_at, d.failed_at, NULL, NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, d.seq, j.snoozes, j.step
FROM job j JOIN dead_letter_jobs d ON d.seq = j.seq WHERE j.workflow_id IS NOT NULL;
