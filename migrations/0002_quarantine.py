"""Rows of imports that cannot be trusted, kept with their reasons until somebody decides."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0001_initial")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0002_quarantine"),
        record("0002_quarantine"),
    ]
