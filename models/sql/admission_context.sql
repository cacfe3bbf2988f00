-- What an organization says about requests that wait together, each answer in their order: the
-- reservations under their keys ($2), their projects ($3), runs ($4) and jobs ($5) by the callers'
-- keys, API keys ($6) and people ($7). Whoever asks enters the organization's gate.
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[])
        WITH ORDINALITY AS a (key, project_id, run_key, job_key, api_key_id, user_id, place)
),
found AS MATERIALIZED (
    SELECT
        a.place, p.workspace_id, r.id AS run_id, j.id AS job_id, k.id AS api_key_id, m.user_id,
        v.id AS reservation_id, v.content_hash,
        v.status = 'OPEN' AND v.expires_at > now() AS is_open
    FROM asked AS a
    LEFT JOIN project AS p ON p.organization_id = $1 AND p.id = a.project_id
    LEFT JOIN pipeline_run AS r
        ON r.organization_id = $1 AND r.project_id = a.project_id AND r.key = a.run_key
    LEFT JOIN agent_job AS j ON j.organization_id = $1 AND j.run_id = r.id AND j.key = a.job_key
    LEFT JOIN api_key AS k ON k.organization_id = $1 AND k.id = a.api_key_id
    LEFT JOIN user_organization AS m ON m.organization_id = $1 AND m.user_id = a.user_id
    LEFT JOIN reservation AS v ON v.organization_id = $1 AND v.key = a.key
)
SELECT
    pg_advisory_xact_lock_shared(hashtextextended($1::uuid::text, 0)) AS gate,
    clock_timestamp() AS now,
    EXISTS (SELECT FROM reservation AS due
        WHERE due.organization_id = $1 AND due.status = 'OPEN' AND due.expires_at <= now()
    ) AS has_due,
    EXISTS (SELECT FROM price AS r WHERE r.organization_id = $1) AS has_prices,
    EXISTS (SELECT FROM credit_balance AS b
        WHERE b.organization_id = $1 AND b.billing_mode = 'CREDITS') AS pays_in_credits,
    ARRAY(SELECT z.starts_at FROM organization_time_zone AS z
        WHERE z.organization_id = $1 ORDER BY z.starts_at) AS zone_starts,
    ARRAY(SELECT z.time_zone FROM organization_time_zone AS z
        WHERE z.organization_id = $1 ORDER BY z.starts_at) AS zone_names,
    ARRAY(SELECT f.workspace_id FROM found AS f ORDER BY f.place) AS workspace_ids,
    ARRAY(SELECT f.run_id FROM found AS f ORDER BY f.place) AS run_ids,
    ARRAY(SELECT f.job_id FROM found AS f ORDER BY f.place) AS job_ids,
    ARRAY(SELECT f.api_key_id FROM found AS f ORDER BY f.place) AS api_key_ids,
    ARRAY(SELECT f.user_id FROM found AS f ORDER BY f.place) AS user_ids,
    ARRAY(SELECT f.reservation_id FROM found AS f ORDER BY f.place) AS reservation_ids,
    ARRAY(SELECT f.content_hash FROM found AS f ORDER BY f.place) AS content_hashes,
    ARRAY(SELECT f.is_open FROM found AS f ORDER BY f.place) AS are_open;
