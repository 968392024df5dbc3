-- One row for each completion that committed. No key: a job that is finished twice must show.
CREATE TABLE ledger (job_id TEXT NOT NULL) STRICT;
-- One row for each job that a producer added in a transaction of its own.
CREATE TABLE intent (job_id TEXT NOT NULL) STRICT;
