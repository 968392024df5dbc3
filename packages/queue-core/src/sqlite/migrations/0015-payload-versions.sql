-- Versions of payloads, see docs/decisions/0010-lines.md. A line is what a worker claims from: it is named after the
-- type, and from payload version 2 on also after that version (`type@2`), so that jobs which a worker cannot read stand
-- where it does not look. `type` in `ready` and `scheduled` is the line; everywhere else it is the type.
ALTER TABLE job ADD COLUMN line TEXT;              -- NULL: that of its type
ALTER TABLE dead_letter_jobs ADD COLUMN line TEXT; -- the same; an edited payload may be of another version
ALTER TABLE cron_schedules ADD COLUMN line TEXT;   -- of the jobs it makes
-- JSON: the lines that it claims from. NULL if it has not said so.
ALTER TABLE worker ADD COLUMN lines TEXT;

DROP VIEW workflow_jobs;
DROP VIEW jobs;

-- For people and reports, as before, each arm beginning with `job`.
CREATE VIEW jobs AS
SELECT
  printf('%011x-%012x', j.created_at, j.seq) AS id,
  j.type, j.payload, 'pending' AS status, j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1) AS last_error,
  j.due_at AS scheduled_at, j.created_at, j.due_at AS updated_at, NULL AS completed_at,
  NULL AS locked_by, NULL AS locked_at, j.workflow_id, j.detached, j.slot_at, NULL AS result, j.seq, j.snoozes, j.step,
  j.line
FROM job j JOIN ready h ON h.type = coalesce(j.line, j.type) AND h.np = -j.priority
  AND h.tag = j.due_at AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'scheduled', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at,
  coalesce((SELECT a.finished_at FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1), j.created_at), NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line
FROM job j JOIN scheduled h ON h.due_at = j.due_at AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'waiting', j.priority, 0, j.max_attempts,
  NULL,
  j.due_at, j.created_at, j.created_at, NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line
FROM job j JOIN waiting h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'processing', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.claimed_at, NULL,
  h.worker_id, h.claimed_at, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line
FROM job j JOIN running h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, h.status, j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.finished_at, CASE h.status WHEN 'completed' THEN h.finished_at END,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, h.result, j.seq, j.snoozes, j.step, j.line
FROM job j JOIN finished h ON h.seq = j.seq;

-- All jobs of a workflow, dead ones as `failed`; ORDER BY seq is the order of creation.
CREATE VIEW workflow_jobs AS
SELECT id, type, payload, status, priority, attempts, max_attempts, last_error, scheduled_at, created_at, updated_at,
  completed_at, locked_by, locked_at, workflow_id, detached, slot_at, result, seq, snoozes, step, line
FROM jobs WHERE workflow_id IS NOT NULL
UNION ALL
SELECT d.original_job_id, d.type, d.payload, 'failed', d.priority, d.attempts, d.max_attempts, d.last_error, j.due_at,
  d.created_at, d.failed_at, NULL, NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, d.seq, j.snoozes, j.step,
  d.line
FROM job j JOIN dead_letter_jobs d ON d.seq = j.seq WHERE j.workflow_id IS NOT NULL;
