-- How many jobs there are, kept by every transaction that changes it, so that no million rows are counted per look. As
-- `state`: jobs in `any` state, of those up to `counted_in`; `scheduled`, `waiting` and `failed`; `unreviewed` dead
-- letters. What is completed or cancelled stands in `finished_count`, what runs is counted in `running`, and what is in
-- none of these is pending.
CREATE TABLE job_count (
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (type, state)
) STRICT, WITHOUT ROWID;
INSERT INTO job_count
SELECT type, 'any', count(*) FROM job WHERE seq NOT IN (SELECT seq FROM spent_number) GROUP BY type
UNION ALL SELECT j.type, 'scheduled', count(*) FROM scheduled h JOIN job j ON j.seq = h.seq GROUP BY j.type
UNION ALL SELECT j.type, 'waiting', count(*) FROM waiting h JOIN job j ON j.seq = h.seq GROUP BY j.type
UNION ALL SELECT type, 'failed', count(*) FROM dead_letter_jobs GROUP BY type
UNION ALL SELECT type, 'unreviewed', count(*) FROM dead_letter_jobs WHERE reviewed = 0 GROUP BY type;

-- Jobs up to this one have been counted in. Those after it are few.
CREATE TABLE counted_in (up_to INTEGER NOT NULL) STRICT;
INSERT INTO counted_in SELECT coalesce(max(seq), 0) FROM job;

-- What was added in the minute, and histograms as JSON: entry 0 counts what took less than a millisecond, entry n what
-- took from 2^(n-1) ms up to 2^n ms.
ALTER TABLE minute_stat ADD COLUMN enqueued INTEGER NOT NULL DEFAULT 0;
ALTER TABLE minute_stat ADD COLUMN waits TEXT NOT NULL DEFAULT '[]'; -- from due to claimed, of jobs claimed in it
ALTER TABLE minute_stat ADD COLUMN runs TEXT NOT NULL DEFAULT '[]';  -- from claimed to ended, of runs ended in it
