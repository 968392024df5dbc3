-- Jobs that are given up if nobody takes them in time.
ALTER TABLE job ADD COLUMN expire_after_ms INTEGER;       -- may stand in the line for so long; NULL: for ever
ALTER TABLE scheduled ADD COLUMN expire_after_ms INTEGER; -- repeated, so that promotion reads no cold row
ALTER TABLE ready ADD COLUMN expires_at INTEGER;

-- By type, as only who knows a type can run its hook. Rows that never expire are not in it and cost nothing.
CREATE INDEX ready_by_expiry ON ready (type, expires_at) WHERE expires_at IS NOT NULL;
