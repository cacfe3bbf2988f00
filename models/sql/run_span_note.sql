-- Spans of runs that go on past their first day; nothing is written where they are known as wide.
INSERT INTO run_span AS known (organization_id, run_id, workspace_id, first_date, last_date)
SELECT $1, n.run_id, n.workspace_id, n.first_date, n.last_date
FROM unnest($2::uuid[], $3::uuid[], $4::date[], $5::date[])
    AS n (run_id, workspace_id, first_date, last_date)
ON CONFLICT (organization_id, run_id) DO UPDATE
SET first_date = least(known.first_date, EXCLUDED.first_date),
    last_date = greatest(known.last_date, EXCLUDED.last_date)
WHERE known.first_date > EXCLUDED.first_date OR known.last_date < EXCLUDED.last_date;
