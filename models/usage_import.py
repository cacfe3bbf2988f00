"""Runs of importers, as a table, so that a mistaken one can be found and taken back."""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from models.tenancy import Organization


class UsageImport(Model):
    """One run of an importer, with what it read and what became of it."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    format = fields.TextField()
    source = fields.TextField()
    status = fields.TextField()
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    undone_at = fields.DatetimeField(null=True)
    read_count = fields.BigIntField(default=0)
    recorded_count = fields.BigIntField(default=0)
    duplicate_count = fields.BigIntField(default=0)
    unpriced_count = fields.BigIntField(default=0)
    quarantined_count = fields.BigIntField(default=0)
    unreadable_count = fields.BigIntField(default=0)

    class Meta:
        table = "usage_import"
