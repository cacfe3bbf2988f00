-- Ended jobs named by an import for which nothing is counted any more.
SELECT j.id
FROM agent_job AS j
WHERE j.organization_id = $1 AND j.finished_at IS NOT NULL
    AND j.id IN (SELECT t.job_id FROM credit_transaction AS t
        WHERE t.organization_id = $1 AND t.import_id = $2)
    AND NOT EXISTS (SELECT FROM rollup_job_month AS r
        WHERE r.organization_id = $1 AND r.job_id = j.id
        GROUP BY r.job_id HAVING sum(r.requests) <> 0);
