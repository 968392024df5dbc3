-- What happens to jobs, told to whoever listens. While nobody does nothing is written here: the triggers that do it are
-- made by the first listener and dropped with the last (see events.ts).
CREATE TABLE event (
  n INTEGER PRIMARY KEY AUTOINCREMENT,     -- never given twice: listeners go on from the last one they know
  at INTEGER NOT NULL,                     -- in milliseconds since 1970 UTC
  kind TEXT NOT NULL CHECK (kind IN ('enqueued', 'started', 'completed', 'retried', 'dead', 'cancelled')),
  seq INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  type TEXT NOT NULL,
  workflow_id TEXT,
  attempt INTEGER,                         -- which run began or failed
  error TEXT                               -- why it failed
) STRICT;

CREATE TABLE event_listener (
  id TEXT PRIMARY KEY,
  until INTEGER NOT NULL                   -- taken for gone then, in milliseconds since 1970 UTC
) STRICT, WITHOUT ROWID;
