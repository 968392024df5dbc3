-- How fast a type may be claimed, over all workers. Every claim reads all of it, beside `pause`, so its rows must stay
-- few; how many of a type run is counted in `running`, so that nothing has to be given back after a crash.
CREATE TABLE type_limit (
  type TEXT PRIMARY KEY,
  rate_limit INTEGER,                      -- so many starts in each period; NULL: any number
  period_ms INTEGER,
  burst INTEGER,
  full_at_us INTEGER NOT NULL DEFAULT 0,   -- when the bucket of tokens is full again, in microseconds since 1970 UTC
  concurrency INTEGER,                     -- so many at a time; NULL: any number
  CHECK (rate_limit > 0 AND period_ms > 0 AND burst > 0 OR rate_limit IS NULL),
  CHECK (concurrency > 0 OR concurrency IS NULL AND rate_limit IS NOT NULL)
) STRICT, WITHOUT ROWID;
