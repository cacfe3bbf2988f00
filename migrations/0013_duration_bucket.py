"""Tells a duration's bucket at a twentieth of the price."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0012_organization_rollup")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0013_duration_bucket"),
        record("0013_duration_bucket"),
    ]
