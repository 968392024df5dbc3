-- One row for each completion that committed. No key: a job that is finished twice must show.
CREATE TABLE ledger (job_id TEXT NOT NULL) STRICT;
