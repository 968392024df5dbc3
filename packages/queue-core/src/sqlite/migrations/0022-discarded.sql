-- Dead letters that somebody has taken off the list: whole, so that it can be undone, until retention takes them. The
-- other rows of their jobs stay as they are meanwhile, but for the unique key, which is free.
CREATE TABLE discarded_jobs (
  n INTEGER PRIMARY KEY,                   -- in the order in which they were discarded
  discarded_at INTEGER NOT NULL,           -- in milliseconds since 1970 UTC
  seq INTEGER NOT NULL UNIQUE REFERENCES job (seq),
  id TEXT NOT NULL UNIQUE,
  original_job_id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  last_error TEXT,
  failed_at INTEGER NOT NULL,
  reviewed INTEGER NOT NULL CHECK (reviewed IN (0, 1)),
  notes TEXT,
  workflow_id TEXT,
  reason TEXT NOT NULL,
  priority INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  edited INTEGER NOT NULL CHECK (edited IN (0, 1)),
  line TEXT
) STRICT;
