-- Edits by operators, and schedules that wait for their own last job.
ALTER TABLE cron_schedules ADD COLUMN version INTEGER NOT NULL DEFAULT 1; -- one more with each change but taken slots
ALTER TABLE cron_schedules ADD COLUMN overlap TEXT NOT NULL DEFAULT 'allow' CHECK (overlap IN ('allow', 'skip'));
ALTER TABLE cron_schedules ADD COLUMN last_seq INTEGER; -- the job of the last slot that had one
