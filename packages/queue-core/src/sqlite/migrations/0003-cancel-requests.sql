-- A worker looks for requests to cancel what it runs each second: nearly always an empty index.
CREATE INDEX running_to_cancel ON running (worker_id) WHERE cancel_requested_at IS NOT NULL;
