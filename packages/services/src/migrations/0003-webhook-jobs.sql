-- The job that delivers it, or did last: once that has ended, nobody tries the delivery any more, whatever its status.
ALTER TABLE webhook_deliveries ADD COLUMN job_id TEXT;
