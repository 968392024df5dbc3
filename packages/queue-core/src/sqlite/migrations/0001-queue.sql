-- The queue's tables. One table per state ("hot" rows that move), beside the rows that stay put ("cold").
-- Times are integer milliseconds since 1970 UTC. Hot tables carry no foreign keys: each move is checked by its
-- own WHERE clause, and a key check per moved row was measured to cost more than the move.

-- Cold: what a job is. One row from enqueue to prune or discard; `seq` is the row's number everywhere below.
CREATE TABLE job (
  seq INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  priority INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,                 -- may run from then on; moves on with each retry
  workflow_id TEXT,
  detached INTEGER NOT NULL DEFAULT 0,     -- 1: not counted when its workflow is asked whether it is complete
  unique_key TEXT,
  slot_at INTEGER,                         -- the slot of its schedule, if a schedule made it
  generation INTEGER NOT NULL DEFAULT 0    -- raised when a dead letter is retried with an edited payload
) STRICT;
CREATE INDEX job_by_workflow ON job (workflow_id, seq) WHERE workflow_id IS NOT NULL;

-- pending. The key is the order of claiming: np = -priority, tag = due time.
CREATE TABLE ready (
  type TEXT NOT NULL,
  np INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (type, np, tag, seq)
) STRICT, WITHOUT ROWID;

-- scheduled: delayed, between retries, snoozed. Carries what `ready` needs, so that promotion reads no cold row.
CREATE TABLE scheduled (
  due_at INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  np INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (due_at, seq)
) STRICT, WITHOUT ROWID;

-- waiting: has unfinished parents.
CREATE TABLE waiting (
  seq INTEGER PRIMARY KEY,
  unmet INTEGER NOT NULL CHECK (unmet > 0)
) STRICT;

-- processing: claimed under a lease. Never more rows than all workers have slots.
CREATE TABLE running (
  seq INTEGER PRIMARY KEY,
  token INTEGER NOT NULL,                  -- fencing token of the claim
  type TEXT NOT NULL,
  np INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  worker_id TEXT NOT NULL,
  claimed_at INTEGER NOT NULL,
  cancel_requested_at INTEGER
) STRICT;

-- completed and cancelled, appended in the order they ended.
CREATE TABLE finished (
  n INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL UNIQUE,
  type TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('completed', 'cancelled')),
  finished_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  result TEXT,
  worker_id TEXT,
  claimed_at INTEGER,
  cancel_cause INTEGER                     -- seq of the dead or cancelled parent that cancelled it
) STRICT;

-- failed: out of attempts. `seq` keeps the cold row, so that a retry comes back under the original id.
CREATE TABLE dead_letter_jobs (
  seq INTEGER PRIMARY KEY REFERENCES job (seq),
  id TEXT NOT NULL UNIQUE,
  original_job_id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  last_error TEXT,
  failed_at INTEGER NOT NULL,
  reviewed INTEGER NOT NULL DEFAULT 0 CHECK (reviewed IN (0, 1)),
  notes TEXT,
  workflow_id TEXT,
  reason TEXT NOT NULL,
  priority INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  edited INTEGER NOT NULL DEFAULT 0 CHECK (edited IN (0, 1))
) STRICT;
CREATE INDEX dead_letter_jobs_by_time ON dead_letter_jobs (failed_at, seq);
CREATE INDEX dead_letter_jobs_unreviewed ON dead_letter_jobs (seq) WHERE reviewed = 0;

-- Runs that failed or timed out. A run that completed is told by its `finished` row alone.
CREATE TABLE attempt (
  n INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('failed', 'timed_out')),
  error TEXT NOT NULL,
  worker_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL
) STRICT;
CREATE INDEX attempt_by_job ON attempt (seq, n);

-- Child runs after parent. An edge is settled once: done or not.
CREATE TABLE edge (
  parent INTEGER NOT NULL,
  child INTEGER NOT NULL,
  when_dead TEXT NOT NULL CHECK (when_dead IN ('cancel', 'continue')),
  done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
  PRIMARY KEY (parent, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_by_child ON edge (child);

CREATE TABLE unique_key (
  type TEXT NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (type, key)
) STRICT, WITHOUT ROWID;

-- Checkpoints of `ctx.once`.
CREATE TABLE processed_jobs (
  job_id TEXT NOT NULL,
  generation INTEGER NOT NULL DEFAULT 0,
  step TEXT NOT NULL,
  result TEXT,
  processed_at INTEGER NOT NULL,
  PRIMARY KEY (job_id, generation, step)
) STRICT, WITHOUT ROWID;

-- A worker lives as long as others see `beat` change; no wall clock is compared.
CREATE TABLE worker (
  id TEXT PRIMARY KEY,
  lease_ms INTEGER NOT NULL,
  beat INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  draining_at INTEGER                      -- began to stop: being killed from then on makes suspects of nobody
) STRICT, WITHOUT ROWID;

-- Jobs that were running in a process that died. Which of them killed it nobody knows, so none is charged: each runs
-- alone from now on, in a process of its own, until a run of it ends in any other way than by that process's death.
CREATE TABLE suspect (
  seq INTEGER PRIMARY KEY,
  crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0), -- deaths of processes in which it ran alone
  since INTEGER NOT NULL
) STRICT;

CREATE TABLE lease_counter (last INTEGER NOT NULL) STRICT;
INSERT INTO lease_counter (last) VALUES (0);

CREATE TABLE cron_schedules (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  payload TEXT NOT NULL DEFAULT '{}',
  cron_expression TEXT NOT NULL,
  time_zone TEXT NOT NULL DEFAULT 'UTC',
  catch_up TEXT NOT NULL DEFAULT '"once"', -- JSON
  last_run_at INTEGER,
  next_run_at INTEGER NOT NULL,
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Each slot of a schedule is taken once, also after the clock was set back.
CREATE TABLE cron_slot (
  schedule_id TEXT NOT NULL,
  slot_at INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, slot_at)
) STRICT, WITHOUT ROWID;

-- Runs that ended, by minute and type: rates without counting jobs.
CREATE TABLE minute_stat (
  minute INTEGER NOT NULL,                 -- minutes since 1970 UTC
  type TEXT NOT NULL,
  completed INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  timed_out INTEGER NOT NULL,
  run_ms INTEGER NOT NULL,
  PRIMARY KEY (minute, type)
) STRICT, WITHOUT ROWID;

-- How many rows `finished` has, kept by every transaction that changes it: a million rows are not counted per look.
CREATE TABLE finished_count (
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (type, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
  n INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT
) STRICT;

-- For people and reports. The queue's own code never writes through it, and finds jobs by `seq`. Each arm begins with
-- `job`, so that a look by id, by workflow or by type becomes a search in every arm.
CREATE VIEW jobs AS
SELECT
  printf('%011x-%012x', j.created_at, j.seq) AS id,
  j.type, j.payload, 'pending' AS status, j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1) AS last_error,
  j.due_at AS scheduled_at, j.created_at, j.due_at AS updated_at, NULL AS completed_at,
  NULL AS locked_by, NULL AS locked_at, j.workflow_id, j.detached, j.slot_at, NULL AS result, j.seq
FROM job j JOIN ready h ON h.type = j.type AND h.np = -j.priority AND h.tag = j.due_at AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'scheduled', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at,
  coalesce((SELECT a.finished_at FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1), j.created_at), NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq
FROM job j JOIN scheduled h ON h.due_at = j.due_at AND h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'waiting', j.priority, 0, j.max_attempts,
  NULL,
  j.due_at, j.created_at, j.created_at, NULL,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, j.seq
FROM job j JOIN waiting h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, 'processing', j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.claimed_at, NULL,
  h.worker_id, h.claimed_at, j.workflow_id, j.detached, j.slot_at, NULL, j.seq
FROM job j JOIN running h ON h.seq = j.seq
UNION ALL
SELECT
  printf('%011x-%012x', j.created_at, j.seq),
  j.type, j.payload, h.status, j.priority, h.attempts, j.max_attempts,
  (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.n DESC LIMIT 1),
  j.due_at, j.created_at, h.finished_at, CASE h.status WHEN 'completed' THEN h.finished_at END,
  NULL, NULL, j.workflow_id, j.detached, j.slot_at, h.result, j.seq
FROM job j JOIN finished h ON h.seq = j.seq;

-- All jobs of a workflow, dead ones as `failed`; ORDER BY seq is the order of creation.
CREATE VIEW workflow_jobs AS
SELECT id, type, payload, status, priority, attempts, max_attempts, last_error, scheduled_at, created_at, updated_at,
  completed_at, locked_by, locked_at, workflow_id, detached, slot_at, result, seq
FROM jobs WHERE workflow_id IS NOT NULL
UNION ALL
SELECT d.original_job_id, d.type, d.payload, 'failed', d.priority, d.attempts, d.max_attempts, d.last_error, j.due_at,
  d.created_at, d.failed_at, NULL, NULL, NULL, j.workflow_id, j.detached, j.slot_at, NULL, d.seq
FROM job j JOIN dead_letter_jobs d ON d.seq = j.seq WHERE j.workflow_id IS NOT NULL;
