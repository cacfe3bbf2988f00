"""What was spent outside any run, by month."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0008_credit_use")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0009_outside_run"),
        record("0009_outside_run"),
    ]
