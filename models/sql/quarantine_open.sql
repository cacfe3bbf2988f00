-- Undecided rows in the order of keeping: of some ids or all, of one import or all, behind one.
SELECT q.id, q.import_id, q.format, q.file, q.line, q.event_key, q.reason, q.original, q.understood,
    q.created_at
FROM quarantined_row AS q
WHERE q.organization_id = $1 AND q.resolved_at IS NULL
    AND ($2::uuid[] IS NULL OR q.id = ANY ($2::uuid[]))
    AND ($3::uuid IS NULL OR q.import_id = $3)
    AND ($4::uuid IS NULL OR q.id > $4)
ORDER BY q.id
LIMIT $5;
