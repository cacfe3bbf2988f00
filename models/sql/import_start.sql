-- A new run of an importer.
INSERT INTO usage_import (organization_id, id, format, source, status, started_at)
VALUES ($1, $2, $3, $4, 'RUNNING', $5);
