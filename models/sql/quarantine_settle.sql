-- Open rows whose events were recorded meanwhile are resolved by that.
UPDATE quarantined_row SET resolved_at = $3, resolution = 'RECORDED'
WHERE organization_id = $1 AND event_key = ANY ($2::text[]) AND resolved_at IS NULL;
