-- Every part under some keys, which are given once each. Each key is looked up by itself, its parts
-- in order, which only the index by key has: without statistics (a new database) the planner would
-- otherwise read all of the organization's ledger.
SELECT t.event_key, t.part, t.id, t.project_id, t.workspace_id, t.occurred_at, t.local_date,
    t.utc_offset_seconds, t.provider, t.model, t.operation, t.outcome, t.run_id, t.job_id,
    t.agent_type, t.initiator, t.surface, t.service_tier, t.api_key_id, t.user_id, t.input,
    t.cache_read, t.cache_write_5m, t.cache_write_1h, t.output, t.reasoning, t.requests, t.unpriced,
    t.content_hash, t.kind, t.rate_id, t.cost, t.source_cost, t.duration_ms, t.report_key,
    t.input_includes_cache, t.output_includes_reasoning, t.corrects_id, t.reason, t.import_id,
    t.reservation_id
FROM unnest($2::text[]) AS wanted (event_key)
CROSS JOIN LATERAL (
    SELECT * FROM credit_transaction AS part
    WHERE part.organization_id = $1 AND part.event_key = wanted.event_key
    ORDER BY part.part
) AS t;
