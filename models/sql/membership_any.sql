-- Whether a person has any role in the organization.
SELECT EXISTS (
    SELECT
    FROM membership
    WHERE organization_id = $1 AND user_id = $2);
