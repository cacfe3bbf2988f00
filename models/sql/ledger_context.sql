-- What an organization says about a batch: its zones in the order in which they came into force,
-- which of the batch's projects (with their workspaces), keys and people it has, whether it has
-- prices of its own, the runs and jobs that the batch names, and every part that is posted under
-- its keys; these are looked up one by one for the reason that ledger_posted gives. Whoever asks
-- enters the organization's gate.
--
-- Runs, then jobs are held against other writers in the order in which everybody takes them: most
-- are changed by what is said, and a second look would be another statement. Each is looked up by
-- itself, and between bounds instead of by equality, so that only the index by key has them in the
-- order asked for: without statistics (a new database) the planner would otherwise read all runs of
-- a project.
WITH run AS MATERIALIZED (
    SELECT r.*
    FROM (
        SELECT * FROM unnest($6::uuid[], $7::text[]) AS n (project_id, key)
        ORDER BY project_id, key
    ) AS wanted
    CROSS JOIN LATERAL (
        SELECT id, project_id, key, workspace_id, parent_id, workflow, trigger, status, started_at,
            finished_at
        FROM pipeline_run
        WHERE organization_id = $1
            AND project_id = wanted.project_id
            AND key >= wanted.key
            AND key <= wanted.key
        ORDER BY key
        FOR NO KEY UPDATE
    ) AS r
),
job AS MATERIALIZED (
    SELECT j.*
    FROM (
        SELECT r.id AS run_id, n.key
        FROM unnest($8::uuid[], $9::text[], $10::text[]) AS n (project_id, run_key, key)
        CROSS JOIN LATERAL (
            SELECT id
            FROM pipeline_run
            WHERE organization_id = $1
                AND project_id = n.project_id
                AND key >= n.run_key
                AND key <= n.run_key
            ORDER BY key
        ) AS r
        WHERE (SELECT count(*) FROM run) > 0  -- which are held by then
        ORDER BY r.id, n.key
    ) AS wanted
    CROSS JOIN LATERAL (
        SELECT id, project_id, run_id, key, agent_type, initiator, status, started_at, finished_at,
            finished_date
        FROM agent_job
        WHERE organization_id = $1
            AND run_id = wanted.run_id
            AND key >= wanted.key
            AND key <= wanted.key
        ORDER BY key
        FOR NO KEY UPDATE
    ) AS j
)
SELECT
    pg_advisory_xact_lock_shared(hashtextextended($1::uuid::text, 0)) AS gate,
    ARRAY(SELECT z.starts_at FROM organization_time_zone AS z
        WHERE z.organization_id = $1 ORDER BY z.starts_at) AS zone_starts,
    ARRAY(SELECT z.time_zone FROM organization_time_zone AS z
        WHERE z.organization_id = $1 ORDER BY z.starts_at) AS zone_names,
    ARRAY(SELECT p.id FROM project AS p
        WHERE p.organization_id = $1 AND p.id = ANY ($2::uuid[]) ORDER BY p.id) AS project_ids,
    ARRAY(SELECT p.workspace_id FROM project AS p
        WHERE p.organization_id = $1 AND p.id = ANY ($2::uuid[]) ORDER BY p.id) AS workspace_ids,
    ARRAY(SELECT k.id FROM api_key AS k
        WHERE k.organization_id = $1 AND k.id = ANY ($3::uuid[])) AS api_key_ids,
    ARRAY(SELECT m.user_id FROM user_organization AS m
        WHERE m.organization_id = $1 AND m.user_id = ANY ($4::uuid[])) AS user_ids,
    EXISTS (SELECT FROM price AS r WHERE r.organization_id = $1) AS has_prices,
    ARRAY(SELECT ROW(run.*) FROM run) AS runs,
    ARRAY(SELECT ROW(job.*) FROM job) AS jobs,
    ARRAY(SELECT ROW(
            t.id, t.project_id, t.workspace_id, t.run_id, t.job_id, t.occurred_at, t.local_date,
            t.utc_offset_seconds, t.part, t.requests, t.unpriced, t.kind, t.operation, t.outcome,
            t.event_key, t.report_key, t.agent_type, t.initiator, t.surface, t.provider, t.model,
            t.service_tier, t.api_key_id, t.user_id, t.input, t.cache_read, t.cache_write_5m,
            t.cache_write_1h, t.output, t.reasoning, t.input_includes_cache,
            t.output_includes_reasoning, t.duration_ms, t.rate_id, t.cost, t.source_cost,
            t.content_hash, t.corrects_id, t.reason, t.import_id, t.reservation_id
        )::ledger_entry_v2
        FROM unnest($5::text[]) AS wanted (event_key)
        CROSS JOIN LATERAL (
            SELECT * FROM credit_transaction AS part
            WHERE part.organization_id = $1 AND part.event_key = wanted.event_key
            ORDER BY part.part
        ) AS t) AS posted;
