-- Limits that hold for each key by itself, such as each customer.
ALTER TABLE job ADD COLUMN limit_key TEXT;

-- As before, with what holds per key.
CREATE TABLE job_limit_with_keys (
  name TEXT PRIMARY KEY,                   -- of the type or, with is_shared, what types call it that share it
  is_shared INTEGER NOT NULL CHECK (is_shared IN (0, 1)),
  rate_limit INTEGER,                      -- so many starts in each period; NULL: any number
  period_ms INTEGER,
  burst INTEGER,
  full_at_us INTEGER NOT NULL DEFAULT 0,   -- when the bucket of tokens is full again, in microseconds since 1970 UTC
  concurrency INTEGER,                     -- so many at a time; NULL: any number
  key_rate_limit INTEGER,                  -- the same for the jobs of each key
  key_period_ms INTEGER,
  key_burst INTEGER,
  key_concurrency INTEGER,
  declared TEXT,                           -- JSON: what the code says it is; NULL: nothing
  is_edited INTEGER NOT NULL DEFAULT 0 CHECK (is_edited IN (0, 1)), -- at run time, so that it is not as declared
  CHECK (rate_limit > 0 AND period_ms > 0 AND burst > 0 OR rate_limit IS NULL),
  CHECK (key_rate_limit > 0 AND key_period_ms > 0 AND key_burst > 0 OR key_rate_limit IS NULL),
  CHECK (concurrency > 0 OR concurrency IS NULL),
  CHECK (key_concurrency > 0 OR key_concurrency IS NULL),
  CHECK (coalesce(rate_limit, concurrency, key_rate_limit, key_concurrency) IS NOT NULL
    OR is_edited = 1 AND declared IS NOT NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO job_limit_with_keys
  (name, is_shared, rate_limit, period_ms, burst, full_at_us, concurrency, declared, is_edited)
  SELECT name, is_shared, rate_limit, period_ms, burst, full_at_us, concurrency, declared, is_edited FROM job_limit;
DROP TABLE job_limit;
ALTER TABLE job_limit_with_keys RENAME TO job_limit;

-- pending too, but set aside: jobs of a key that is at its limit, out of the way of all others. Like `ready` a line in
-- the order of claiming, for each line and key.
CREATE TABLE gated (
  line TEXT NOT NULL,                      -- from which it is claimed, as in `ready`
  key TEXT NOT NULL,
  np INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (line, key, np, tag, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX gated_by_job ON gated (seq);
CREATE INDEX gated_by_expiry ON gated (line, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX gated_by_time ON gated (line, tag);

-- One row for each line and key that has jobs in `gated`, and none when it has no more.
CREATE TABLE key_gate (
  line TEXT NOT NULL,
  key TEXT NOT NULL,
  look_at INTEGER,                         -- when to see whether it opens, in milliseconds since 1970 UTC; 0: with the
                                           -- next claim; -1: with each, for it opens when a run ends; NULL: not before
                                           -- one of those that it let into `ready` has left that
  admitted INTEGER NOT NULL CHECK (admitted >= 0), -- how many those are, at most
  PRIMARY KEY (line, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_gate_by_look ON key_gate (look_at) WHERE look_at IS NOT NULL;

-- The bucket of tokens of a key, from its first start until it is full again and somebody prunes.
CREATE TABLE key_bucket (
  name TEXT NOT NULL,                      -- of the limit
  key TEXT NOT NULL,
  full_at_us INTEGER NOT NULL,
  PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_bucket_by_time ON key_bucket (full_at_us);

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
  j.line, j.limit_key
FROM job j JOIN ready h ON h.type = coalesce(j.line, j.type) AND h.np = -j.priority
  AND h.tag = j.due_at AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'pending', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, j.due_at, NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line, j.limit_key
FROM job j JOIN gated h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'scheduled', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at,
  coalesce((SELECT a.finished_at FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1), j.created_at), NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line, j.limit_key
FROM job j JOIN scheduled h ON h.due_at = j.due_at AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'waiting', j.priority, 0, j.max_attempts,
  NULL,
  j.due_at, j.created_at, j.created_at, NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line, j.limit_key
FROM job j JOIN waiting h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'processing', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.claimed_at, NULL,
  h.worker_id, h.claimed_at, j.workflow_id, j.detached, j.slot_at, NULL, j.seq, j.snoozes, j.step, j.line, j.limit_key
FROM job j JOIN running h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, h.status, j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.finished_at, CASE h.status WHEN 'completed' THEN h.finished_at END,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, h.result, j.seq, j.snoozes, j.step, j.line, j.limit_key
FROM job j JOIN finished h ON h.seq = j.seq;

-- All jobs of a workflow, dead ones as `failed`; ORDER BY seq is the order of creation.
CREATE VIEW workflow_jobs AS
SELECT id, type, payload, status, priority, attempts, max_attempts, last_error, scheduled_at, created_at, updated_at,
  completed_at, locked_by, locked_at, workflow_id, detached, slot_at, result, seq, snoozes, step, line, limit_key
FROM jobs WHERE workflow_id IS NOT NULL
UNION ALL
SELECT d.original_job_id, d.type, d.payload, 'failed', d.priority, d.attempts, d.max_attempts, d.last_error, j.due_at,
  d.created_at, d.failed_at, NULL, NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, d.seq, j.snoozes, j.step,
  d.line, j.limit_key
FROM job j JOIN dead_letter_jobs d ON d.seq = j.seq WHERE j.workflow_id IS NOT NULL;
