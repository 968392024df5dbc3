-- What failed is a needle in the haystack of what was delivered.
CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (status, id);
