-- Numbers of discarded jobs that were the newest: SQLite would give them again, and with a clock that was set back the
-- public id, too. Their rows in `job` stay behind, empty and created at 0, until a newer job is there and prune runs.
CREATE TABLE spent_number (seq INTEGER PRIMARY KEY) STRICT;
