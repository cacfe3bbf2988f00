"""Caps and reservations as tables.

Reading is in `cap.py` and `reservation.py`; what changes them says so by name (`cap_change.py`,
`cap_posting.py`, `admission.py`, `hold.py`). What stands under a cap in each of its periods, and
what a reservation holds under each cap, have keys of several columns, which Tortoise cannot say.
"""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from models.activity import AgentJob, PipelineRun
    from models.tenancy import ApiKey, AppUser, Organization, Project


class Cap(Model):
    """A limit in dollars or credits. `amount` is the limit; `counted_from` a local day."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    scope = fields.TextField()
    target_id = fields.UUIDField()
    period = fields.TextField()
    action = fields.TextField()
    unit = fields.TextField()
    amount = fields.DecimalField(24, 12)
    unpriced_policy = fields.TextField()
    assumed_input_price = fields.DecimalField(24, 6, null=True)
    assumed_output_price = fields.DecimalField(24, 6, null=True)
    allowance_of: fields.ForeignKeyNullableRelation["Cap"] = fields.ForeignKeyField(
        "aicost.Cap", null=True, db_constraint=False
    )
    counted_from = fields.DateField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    updated_by_user: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False, source_field="updated_by"
    )
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "cap"


class Reservation(Model):
    """Money held before a call, in dollars."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    key = fields.TextField()
    content_hash = fields.BinaryField()
    status = fields.TextField()
    project: fields.ForeignKeyRelation["Project"] = fields.ForeignKeyField(
        "aicost.Project", db_constraint=False
    )
    run: fields.ForeignKeyNullableRelation["PipelineRun"] = fields.ForeignKeyField(
        "aicost.PipelineRun", null=True, db_constraint=False
    )
    job: fields.ForeignKeyNullableRelation["AgentJob"] = fields.ForeignKeyField(
        "aicost.AgentJob", null=True, db_constraint=False
    )
    api_key: fields.ForeignKeyNullableRelation["ApiKey"] = fields.ForeignKeyField(
        "aicost.ApiKey", null=True, db_constraint=False
    )
    user: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False
    )
    provider = fields.TextField(null=True)
    model = fields.TextField(null=True)
    amount = fields.DecimalField(24, 12)
    held = fields.DecimalField(24, 12)
    credits_held = fields.DecimalField(38, 18, default=0)
    is_unpriced = fields.BooleanField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    final_key = fields.TextField(null=True)
    final_hash = fields.BinaryField(null=True)

    class Meta:
        table = "reservation"
