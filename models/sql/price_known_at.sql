-- Now, or the latest adoption of a price where its clock was ahead.
SELECT greatest($2::timestamptz,
    (SELECT max(adopted_at) FROM public_price),
    (SELECT max(adopted_at) FROM price WHERE organization_id = $1));
