-- What is paused: a row per type, and one with an empty name (no type can have it) for the whole queue. Every claim
-- reads it, so its rows must stay few.
CREATE TABLE pause (
  type TEXT PRIMARY KEY,
  paused_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
