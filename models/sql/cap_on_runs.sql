-- Whether any run of the organization has a cap.
SELECT EXISTS (
    SELECT FROM cap WHERE organization_id = $1 AND scope = 'RUN' AND removed_at IS NULL
);
