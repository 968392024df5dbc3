-- Fair turns between groups, such as tenants.
ALTER TABLE job ADD COLUMN group_key TEXT;
-- Its place in the line where its group decides that; NULL: due_at. In `ready` and `gated` the same.
ALTER TABLE job ADD COLUMN tag INTEGER;
-- Repeated, so that promotion reads no cold row.
ALTER TABLE scheduled ADD COLUMN group_key TEXT;
CREATE INDEX scheduled_of_groups ON scheduled (due_at) WHERE group_key IS NOT NULL;

-- The newest job of each group in the line, and where the next one stands; worth nothing once that job has left it.
CREATE TABLE group_turn (
  line TEXT NOT NULL,
  np INTEGER NOT NULL,
  group_key TEXT NOT NULL,
  next_us INTEGER NOT NULL,                -- the place of the next one, in microseconds: a weight of 1,000 is one each
  tag INTEGER NOT NULL,                    -- the place of the newest one
  seq INTEGER NOT NULL,
  PRIMARY KEY (line, np, group_key)
) STRICT, WITHOUT ROWID;

-- How many turns a group has for one of each other; 1 for those that are not here.
CREATE TABLE group_weight (
  group_key TEXT PRIMARY KEY,
  weight REAL NOT NULL CHECK (weight > 0)
) STRICT, WITHOUT ROWID;

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
  j.line, j.limit_key, j.group_key
FROM job j JOIN ready h ON h.type = coalesce(j.line, j.type) AND h.np = -j.priority
  AND h.tag = coalesce(j.tag, j.due_at) AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'pending', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, j.due_at, NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line, j.limit_key, j.group_key
FROM job j JOIN gated h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'scheduled', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at,
  coalesce((SELECT a.finished_at FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1), j.created_at), NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line, j.limit_key, j.group_key
FROM job j JOIN scheduled h ON h.due_at = j.due_at AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'waiting', j.priority, 0, j.max_attempts,
  NULL,
  j.due_at, j.created_at, j.created_at, NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line, j.limit_key, j.group_key
FROM job j JOIN waiting h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'processing', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.claimed_at, NULL,
  h.worker_id, h.claimed_at, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line,
  j.limit_key, j.group_key
FROM job j JOIN running h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, h.status, j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.finished_at, CASE h.status WHEN 'completed' THEN h.finished_at END,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, h.result, j.seq, j.snoozes, j.step, j.line, j.limit_key, j.group_key
FROM job j JOIN finished h ON h.seq = j.seq;

-- All jobs of a workflow, dead ones as `failed`; ORDER BY seq is the order of creation.
CREATE VIEW workflow_jobs AS
SELECT id, type, payload, status, priority, attempts, max_attempts, last_error, scheduled_at, created_at, updated_at,
  completed_at, locked_by, locked_at, workflow_id, detached, slot_at, result, seq, snoozes, step, line, limit_key,
  group_key
FROM jobs WHERE workflow_id IS NOT NULL
UNION ALL
SELECT d.original_job_id, d.type, d.payload, 'failed', d.priority, d.attempts, d.max_attempts, d.last_error, j.due_at,
  d.created_at, d.failed_at, NULL, NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, d.seq, j.snoozes, j.step,
  d.line, j.limit_key, j.group_key
FROM job j JOIN dead_letter_jobs d ON d.seq = j.seq WHERE j.workflow_id IS NOT NULL;
