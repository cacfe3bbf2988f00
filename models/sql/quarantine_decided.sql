-- Which of some rows, by their digests, were decided upon.
SELECT q.digest FROM quarantined_row AS q
WHERE q.organization_id = $1 AND q.digest = ANY ($2::bytea[]) AND q.resolved_at IS NOT NULL;
