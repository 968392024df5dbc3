-- Keys that are given back before their job is gone: at its end (`unfinished`), as soon as it is claimed (`unclaimed`),
-- or after a time. NULL: held until the job is deleted.
ALTER TABLE job ADD COLUMN unique_scope TEXT CHECK (unique_scope IN ('unfinished', 'unclaimed'));
ALTER TABLE unique_key ADD COLUMN scope TEXT;
ALTER TABLE unique_key ADD COLUMN until INTEGER; -- another job may take it from then on

-- By job, and only keys that some transition gives back: most queues have none, and ask nothing about it.
CREATE INDEX unique_key_scoped ON unique_key (seq) WHERE scope IS NOT NULL;
