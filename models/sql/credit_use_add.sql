-- Adds what a posting took in credits to its day ($2) and hour ($3), in the order of the keys.
WITH taken AS (
    SELECT *
    FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::bigint[], $8::bigint[], $9::numeric[])
        AS n (project_id, user_id, surface, requests, unpriced, credits)
),
by_hour AS (
    INSERT INTO credit_use_hour
        (organization_id, local_date, hour_start, surface, requests, unpriced, credits)
    SELECT $1, $2, $3, surface, sum(requests), sum(unpriced), sum(credits)
    FROM taken
    GROUP BY surface
    ORDER BY surface
    ON CONFLICT (organization_id, local_date, hour_start, surface) DO UPDATE SET
        requests = credit_use_hour.requests + EXCLUDED.requests,
        unpriced = credit_use_hour.unpriced + EXCLUDED.unpriced,
        credits = credit_use_hour.credits + EXCLUDED.credits
)
INSERT INTO credit_use_day
    (organization_id, local_date, project_id, user_id, requests, unpriced, credits)
SELECT $1, $2, project_id, user_id, sum(requests), sum(unpriced), sum(credits)
FROM taken
GROUP BY project_id, user_id
ORDER BY project_id, user_id
ON CONFLICT (organization_id, local_date, project_id, user_id) DO UPDATE SET
    requests = credit_use_day.requests + EXCLUDED.requests,
    unpriced = credit_use_day.unpriced + EXCLUDED.unpriced,
    credits = credit_use_day.credits + EXCLUDED.credits;
