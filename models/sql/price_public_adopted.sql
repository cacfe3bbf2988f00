-- Models whose public list was adopted after an instant (ever, when NULL), and whether they had
-- none before.
SELECT p.provider, p.model, bool_and(NOT EXISTS (
    SELECT FROM public_price AS earlier
    WHERE earlier.provider = p.provider AND earlier.model = p.model
        AND earlier.adopted_at <= $1
)) AS is_new
FROM public_price AS p
WHERE $1::timestamptz IS NULL OR p.adopted_at > $1
GROUP BY p.provider, p.model
ORDER BY p.provider, p.model;
