-- How fast jobs may be claimed, over all workers: those of one type, or of all types that share a name. Takes the place
-- of `type_limit`. Every claim reads all of it, beside `pause`, so its rows must stay few.
CREATE TABLE job_limit (
  name TEXT PRIMARY KEY,                   -- of the type or, with is_shared, what types call it that share it
  is_shared INTEGER NOT NULL CHECK (is_shared IN (0, 1)),
  rate_limit INTEGER,                      -- so many starts in each period; NULL: any number
  period_ms INTEGER,
  burst INTEGER,
  full_at_us INTEGER NOT NULL DEFAULT 0,   -- when the bucket of tokens is full again, in microseconds since 1970 UTC
  concurrency INTEGER,                     -- so many at a time; NULL: any number
  declared TEXT,                           -- JSON: what the code says it is; NULL: nothing
  is_edited INTEGER NOT NULL DEFAULT 0 CHECK (is_edited IN (0, 1)), -- at run time, so that it is not as declared
  CHECK (rate_limit > 0 AND period_ms > 0 AND burst > 0 OR rate_limit IS NULL),
  CHECK (concurrency > 0 OR concurrency IS NULL),
  CHECK (rate_limit IS NOT NULL OR concurrency IS NOT NULL OR is_edited = 1 AND declared IS NOT NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO job_limit (name, is_shared, rate_limit, period_ms, burst, full_at_us, concurrency)
  SELECT type, 0, rate_limit, period_ms, burst, full_at_us, concurrency FROM type_limit;
DROP TABLE type_limit;

-- Which types share which limit, as told by the process that began to claim last: so it holds for all, also for those
-- that do not know each other's types.
CREATE TABLE limit_share (
  type TEXT PRIMARY KEY,
  name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
