"""What agents did: pipeline runs and the agent jobs in them, as tables.

A run or job is named by the caller's key and made when first named; `ledger.py` does that on the
way in. A job is counted on `finished_date`, the local day of its end, fixed when it was written.
"""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from models.tenancy import Organization, Project, Workspace


class PipelineRun(Model):
    """One execution of a workflow in a project."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    project: fields.ForeignKeyRelation["Project"] = fields.ForeignKeyField(
        "aicost.Project", db_constraint=False
    )
    workspace: fields.ForeignKeyRelation["Workspace"] = fields.ForeignKeyField(
        "aicost.Workspace", db_constraint=False
    )
    parent: fields.ForeignKeyNullableRelation["PipelineRun"] = fields.ForeignKeyField(
        "aicost.PipelineRun", null=True, db_constraint=False
    )
    key = fields.TextField()
    workflow = fields.TextField(null=True)
    trigger = fields.TextField(null=True)
    status = fields.TextField()
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "pipeline_run"


class AgentJob(Model):
    """One agent's work in a run."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    project: fields.ForeignKeyRelation["Project"] = fields.ForeignKeyField(
        "aicost.Project", db_constraint=False
    )
    run: fields.ForeignKeyRelation["PipelineRun"] = fields.ForeignKeyField(
        "aicost.PipelineRun", db_constraint=False
    )
    key = fields.TextField()
    agent_type = fields.TextField()
    initiator = fields.TextField(null=True)
    status = fields.TextField()
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    finished_date = fields.DateField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "agent_job"
