-- What an organization says about a batch: its zones in the order in which they came into force,
-- which of the batch's projects (with their workspaces), keys and people it has, whether it has
-- prices of its own, and every part that is posted under the batch's keys; these are looked up one
-- by one for the reason that ledger_posted gives. Whoever asks enters the organization's gate.
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
