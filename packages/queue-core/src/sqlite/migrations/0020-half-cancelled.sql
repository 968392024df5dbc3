-- A large workflow is cancelled in many transactions. Jobs up to this one have been looked at; NULL: all have. What a
-- process that died in between has left, another one goes on with.
ALTER TABLE cancelled_workflow ADD COLUMN after INTEGER;
CREATE INDEX cancelled_workflow_by_half ON cancelled_workflow (after) WHERE after IS NOT NULL;
