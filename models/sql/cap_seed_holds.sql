-- Holds under a cap ($2, on a thing of kind $3 and id $4), which is being set or applies to more
-- than before, what the open reservations hold to which it applies and which it does not hold yet,
-- in its running window ($5 to $6); credits where it counts them ($7).
WITH RECURSIVE below (run_id) AS (
    SELECT $4::uuid WHERE $3::text = 'RUN'
    UNION
    SELECT run.id
    FROM below
    JOIN pipeline_run AS run ON run.organization_id = $1 AND run.parent_id = below.run_id
),
applying AS (
    SELECT r.id, CASE WHEN $7::boolean THEN r.credits_held ELSE r.held END AS held
    FROM reservation AS r
    JOIN project AS p ON p.organization_id = $1 AND p.id = r.project_id
    JOIN workspace AS w ON w.organization_id = $1 AND w.id = p.workspace_id
    WHERE r.organization_id = $1 AND r.status = 'OPEN' AND CASE $3
        WHEN 'ORGANIZATION' THEN true
        WHEN 'WORKSPACE_GROUP' THEN w.group_id = $4
        WHEN 'WORKSPACE' THEN w.id = $4
        WHEN 'PROJECT' THEN p.id = $4
        WHEN 'RUN' THEN r.run_id IN (SELECT run_id FROM below)
        WHEN 'API_KEY' THEN r.api_key_id = $4
        WHEN 'USER' THEN r.user_id = $4
        ELSE false END
),
made AS (
    INSERT INTO reservation_cap (organization_id, reservation_id, cap_id, first_date, amount, held)
    SELECT $1, applying.id, $2::uuid, $5::date, applying.held, applying.held
    FROM applying
    ON CONFLICT (organization_id, reservation_id, cap_id) DO NOTHING
    RETURNING held
)
INSERT INTO cap_window (organization_id, cap_id, first_date, last_date, held)
SELECT $1, $2, $5, $6::date, coalesce(sum(made.held), 0) FROM made
ON CONFLICT (organization_id, cap_id, first_date) DO UPDATE SET
    held = cap_window.held + EXCLUDED.held;
