-- Ends runs named by an import for which nothing is counted any more.
UPDATE pipeline_run AS p
SET status = 'CANCELLED', finished_at = NULL
WHERE p.organization_id = $1
    AND p.id IN (SELECT t.run_id FROM credit_transaction AS t
        WHERE t.organization_id = $1 AND t.import_id = $2)
    AND NOT EXISTS (SELECT FROM rollup_run_month AS r
        WHERE r.organization_id = $1 AND r.run_id = p.id
        GROUP BY r.run_id HAVING sum(r.requests) <> 0 OR sum(r.jobs_ended) <> 0);
