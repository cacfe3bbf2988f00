-- Rows that were not trusted; one that is there already, open or decided, stays as it is.
INSERT INTO quarantined_row (organization_id, id, import_id, format, file, line, event_key, reason,
    original, understood, digest, created_at)
SELECT $1, n.id, $2, $3, n.file, n.line, n.event_key, n.reason, n.original, n.understood::jsonb,
    n.digest, $4
FROM unnest($5::uuid[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[],
    $11::text[], $12::bytea[])
    AS n (id, file, line, event_key, reason, original, understood, digest)
ORDER BY n.digest
ON CONFLICT DO NOTHING;
