-- People by id, and whether they belong to the organization today.
SELECT
    id, name, email,
    EXISTS (
        SELECT FROM user_organization
        WHERE user_id = app_user.id AND organization_id = $1
    ) AS is_member
FROM app_user
WHERE id = ANY($2::uuid[]);
