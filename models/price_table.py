"""Price rows as tables: the public ones, the same for everybody, and an organization's own.

Appended, never edited. `price.py` finds the rate of a call in them, `public_price.py` adopts.
"""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from models.tenancy import AppUser, Organization


class PublicPrice(Model):
    """Dollars for one class of one model at one provider from one instant on."""

    id = fields.UUIDField(primary_key=True)
    provider = fields.TextField()
    model = fields.TextField()
    token_class = fields.TextField()
    min_input_tokens = fields.BigIntField(default=0)
    service_tier = fields.TextField(default="")
    dollars_per_million = fields.DecimalField(24, 6)
    starts_at = fields.DatetimeField()
    daily_from = fields.TimeField(null=True)
    daily_until = fields.TimeField(null=True)
    adopted_at = fields.DatetimeField()
    source = fields.TextField()

    class Meta:
        table = "public_price"


class Price(Model):
    """The same as an organization has agreed it; goes before the public one."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    provider = fields.TextField()
    model = fields.TextField()
    token_class = fields.TextField()
    min_input_tokens = fields.BigIntField(default=0)
    service_tier = fields.TextField(default="")
    dollars_per_million = fields.DecimalField(24, 6)
    starts_at = fields.DatetimeField()
    daily_from = fields.TimeField(null=True)
    daily_until = fields.TimeField(null=True)
    adopted_at = fields.DatetimeField()
    source = fields.TextField()
    created_by: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False, source_field="created_by"
    )

    class Meta:
        table = "price"
