"""What runs spent by the hour, and which of them go on past their day: for the usage explorer."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0005_cap")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0006_explorer"),
        record("0006_explorer"),
    ]
