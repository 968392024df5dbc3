-- What a run tells of itself while it goes on: its progress, and of types that ask for it its log. A run that tells
-- nothing has no row. A claim gives each run a token of its own, so that the runs of a job never overwrite each other.
CREATE TABLE run_report (
  n INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  token INTEGER NOT NULL,                  -- of the claim: later runs of a job have greater ones
  attempt INTEGER NOT NULL,
  worker_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,             -- when it was claimed
  told_at INTEGER NOT NULL,                -- when it last told anything; all in milliseconds since 1970 UTC
  progress TEXT,                           -- JSON
  log TEXT,                                -- JSON, for it may be encrypted: the text
  log_cut INTEGER NOT NULL DEFAULT 0,      -- bytes before it that were cut off
  UNIQUE (seq, token)
) STRICT;
CREATE INDEX run_report_by_time ON run_report (told_at, n) WHERE log IS NOT NULL;

-- Progress is told to listeners, too. Event numbers go on from where they were.
CREATE TABLE event_next (
  n INTEGER PRIMARY KEY AUTOINCREMENT,     -- never given twice: listeners go on from the last one they know
  at INTEGER NOT NULL,                     -- in milliseconds since 1970 UTC
  kind TEXT NOT NULL
    CHECK (kind IN ('enqueued', 'started', 'progressed', 'completed', 'retried', 'dead', 'cancelled')),
  seq INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  type TEXT NOT NULL,
  workflow_id TEXT,
  attempt INTEGER,                         -- which run began, progressed or failed
  error TEXT,                              -- why it failed
  progress TEXT                            -- JSON, of what progressed
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'event_next', seq FROM sqlite_sequence WHERE name = 'event';
DROP TABLE event;
ALTER TABLE event_next RENAME TO event;
