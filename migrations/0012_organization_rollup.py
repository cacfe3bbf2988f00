"""What the whole organization spent, by hour or day and surface, and by day and person."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0011_download")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0012_organization_rollup"),
        record("0012_organization_rollup"),
    ]
