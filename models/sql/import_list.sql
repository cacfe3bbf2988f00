-- The latest runs of importers with the cost of what each recorded and was not taken back since.
SELECT i.id, i.format, i.source, i.status, i.started_at, i.finished_at, i.undone_at, i.read_count,
    i.recorded_count, i.duplicate_count, i.unpriced_count, i.quarantined_count, i.unreadable_count,
    (
        SELECT coalesce(sum(t.cost), 0) FROM credit_transaction AS t
        WHERE t.organization_id = $1 AND t.import_id = i.id
    ) AS total_cost
FROM usage_import AS i
WHERE i.organization_id = $1
ORDER BY i.started_at DESC, i.id DESC
LIMIT $2;
