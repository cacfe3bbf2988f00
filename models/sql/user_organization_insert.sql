-- A person belongs to an organization, perhaps already.
INSERT INTO user_organization (user_id, organization_id)
VALUES ($1, $2)
ON CONFLICT DO NOTHING;
