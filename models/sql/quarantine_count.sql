-- How many rows are undecided: of some ids or all, of one import or all.
SELECT count(*) FROM quarantined_row AS q
WHERE q.organization_id = $1 AND q.resolved_at IS NULL
    AND ($2::uuid[] IS NULL OR q.id = ANY ($2::uuid[]))
    AND ($3::uuid IS NULL OR q.import_id = $3);
