-- Whether an organization has caps that count credits.
SELECT EXISTS (
    SELECT FROM cap WHERE organization_id = $1 AND unit = 'CREDITS' AND removed_at IS NULL
);
