"""Recalculations of past entries as jobs, and a quick way to what has no price."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0002_quarantine")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0003_repricing"),
        record("0003_repricing"),
    ]
