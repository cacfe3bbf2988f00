"""Recalculations of past entries, as a table; `repricing.py` runs them.

A line for each model is in `repricing_line`, whose key is a composite one.
"""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from models.tenancy import Organization


class Repricing(Model):
    """One recalculation, or its rehearsal: what it covers, how far it is, who works on it."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    is_dry_run = fields.BooleanField()
    after_id = fields.UUIDField(null=True)
    status = fields.TextField()
    only_unpriced = fields.BooleanField()
    models: fields.JSONField[list[str]] = fields.JSONField(null=True)
    range_start = fields.DatetimeField()
    range_end = fields.DatetimeField()
    prices_at = fields.DatetimeField()
    is_compared = fields.BooleanField()
    calls_to_see = fields.BigIntField()
    calls_seen = fields.BigIntField(default=0)
    place_project_id = fields.UUIDField(null=True)
    place_at = fields.DatetimeField(null=True)
    place_id = fields.UUIDField(null=True)
    worker = fields.UUIDField(null=True)
    touched_at = fields.DatetimeField()
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    failure = fields.TextField(null=True)

    class Meta:
        table = "repricing"
