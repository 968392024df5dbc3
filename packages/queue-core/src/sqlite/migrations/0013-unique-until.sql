-- Until when a job may hold its unique key at most, for it to take the key again no longer than that.
ALTER TABLE job ADD COLUMN unique_until INTEGER;
