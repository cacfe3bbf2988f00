-- Takes a cap away; what it counted stays.
UPDATE cap SET removed_at = now(), allowance_of_id = NULL WHERE organization_id = $1 AND id = $2;
