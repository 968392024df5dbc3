-- Schedules that the code declares as a whole, and what an operator has made of them.
ALTER TABLE cron_schedules ADD COLUMN is_declared INTEGER NOT NULL DEFAULT 0 CHECK (is_declared IN (0, 1));
-- By an operator, not by the code.
ALTER TABLE cron_schedules ADD COLUMN is_edited INTEGER NOT NULL DEFAULT 0 CHECK (is_edited IN (0, 1));
-- Not active because the code no longer declares it; 0 if somebody paused it.
ALTER TABLE cron_schedules ADD COLUMN is_withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (is_withdrawn IN (0, 1));
