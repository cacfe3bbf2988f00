-- Makes the allowances out of a cap stand by themselves.
UPDATE cap SET allowance_of_id = NULL WHERE organization_id = $1 AND allowance_of_id = $2;
