"""Ways to the runs that a run started, and to an organization's latest reservations."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0009_outside_run")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0010_cap_index"),
        record("0010_cap_index"),
    ]
