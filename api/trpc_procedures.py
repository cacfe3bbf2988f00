"""The procedures behind `/trpc`: a line for each, and nothing else about it anywhere.

A procedure is a name and a way through the public schema: fields from the root down, with the
arguments that the procedure settles itself; all other arguments are its input. Whether it is a
query or a mutation, its input, its answer, its types and its permission follow from the schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Procedure:
    """`name` as clients call it, `way` as the schema knows it.

    `project.budget` is a field of a field, whose input then holds `projectId`; `node<Repricing>`
    is a thing of that type by its id.
    """

    name: str
    way: str


PROCEDURES = (
    # 003, by its names.
    Procedure("aiCost.getMonthlySummary", "monthlySummary"),
    Procedure("aiCost.getMonthlyTrend", "monthlyTrend"),
    Procedure("aiCost.getDailySpend", "dailySpend"),
    Procedure("aiCost.getCrossProjectSummary", "crossProjectSummary(scope: OWNED)"),
    Procedure("aiCost.getRecentTransactions", "recentTransactions"),
    Procedure("aiCost.setBudgetLimit", "setBudgetLimit"),
    # Budgets.
    Procedure("budgets.get", "project.budget"),
    Procedure("budgets.changes", "project.budget.changes"),
    Procedure("budgets.setMany", "setBudgetLimits"),
    Procedure("budgets.remove", "removeBudgetLimit"),
    # Recording, and what was recorded.
    Procedure("usage.record", "recordUsage"),
    Procedure("runs.record", "recordRun"),
    Procedure("runs.find", "pipelineRun"),
    Procedure("runs.get", "node<PipelineRun>"),
    Procedure("runs.list", "project.pipelineRuns"),
    Procedure("runs.jobs", "node<PipelineRun>.jobs"),
    Procedure("jobs.get", "node<AgentJob>"),
    Procedure("transactions.get", "node<CreditTransaction>"),
    Procedure("transactions.list", "project.transactions"),
    # An organization's use.
    Procedure("usage.cycle", "organization.creditUsage"),
    Procedure("usage.series", "organization.usageSeries"),
    Procedure("usage.topWorkspaces", "organization.topWorkspaces"),
    Procedure("usage.topWorkspaceGroups", "organization.topWorkspaceGroups"),
    Procedure("usage.topUsers", "organization.topUsers"),
    Procedure("usage.bar", "workspace.usageBar"),
    Procedure("alerts.list", "organization.alerts"),
    Procedure("alerts.get", "node<Alert>"),
    # API calls, token analytics, and the explorer.
    Procedure("calls.list", "workspace.apiCalls"),
    Procedure("calls.byKey", "workspace.apiKeyUsage"),
    Procedure("tokens.usage", "organization.tokenUsage"),
    Procedure("tokens.comparison", "organization.tokenUsageComparison"),
    Procedure("explore.entries", "workspace.usageEntries"),
    Procedure("explore.filterOptions", "workspace.usageFilterOptions"),
    Procedure("explore.createDownload", "createDownload"),
    # Billing and credits.
    Procedure("billing.get", "organization.billing"),
    Procedure("billing.update", "updateBilling"),
    Procedure("credits.grant", "grantCredits"),
    Procedure("credits.grants", "organization.billing.grants"),
    # Caps that block, and money held under them.
    Procedure("caps.list", "organization.caps"),
    Procedure("caps.get", "node<Cap>"),
    Procedure("caps.rehearse", "rehearseCap"),
    Procedure("caps.set", "setCap"),
    Procedure("caps.remove", "removeCap"),
    Procedure("spend.reserve", "reserveSpend"),
    Procedure("spend.settle", "settleReservation"),
    Procedure("spend.release", "releaseReservation"),
    Procedure("spend.extend", "extendReservation"),
    Procedure("reservations.find", "reservation"),
    Procedure("reservations.get", "node<Reservation>"),
    Procedure("reservations.list", "organization.reservations"),
    # Prices.
    Procedure("prices.list", "organization.prices"),
    Procedure("prices.unpriced", "organization.unpricedModels"),
    Procedure("prices.set", "setPrice"),
    Procedure("prices.reprice", "repriceUsage"),
    Procedure("prices.repricing", "node<Repricing>"),
    # Who is asking, and what there is.
    Procedure("viewer.get", "viewer"),
    Procedure("agentTypes.list", "agentTypes"),
    Procedure("organizations.get", "organization"),
    Procedure("organizations.monthlySummary", "organization.crossProjectSummary"),
    Procedure("organizations.update", "updateOrganization"),
    Procedure("workspaces.list", "organization.workspaces"),
    Procedure("workspaces.get", "workspace"),
    Procedure("workspaces.create", "createWorkspace"),
    Procedure("workspaces.rename", "renameWorkspace"),
    Procedure("workspaceGroups.list", "organization.workspaceGroups"),
    Procedure("workspaceGroups.get", "node<WorkspaceGroup>"),
    Procedure("workspaceGroups.create", "createWorkspaceGroup"),
    Procedure("workspaceGroups.rename", "renameWorkspaceGroup"),
    Procedure("workspaceGroups.assign", "setWorkspaceGroup"),
    Procedure("workspaceGroups.unassign", "unsetWorkspaceGroup"),
    Procedure("projects.list", "projects"),
    Procedure("projects.get", "project"),
    Procedure("projects.create", "createProject"),
    Procedure("projects.rename", "renameProject"),
    Procedure("projects.setOwner", "setProjectOwner"),
    Procedure("users.get", "node<User>"),
    Procedure("members.list", "organization.members"),
    Procedure("members.grant", "grantMembership"),
    Procedure("members.revoke", "revokeMembership"),
    Procedure("keys.get", "node<ApiKey>"),
    Procedure("keys.list", "organization.apiKeys"),
    Procedure("keys.create", "createApiKey"),
    Procedure("keys.rename", "renameApiKey"),
    Procedure("keys.rotate", "rotateApiKey"),
    Procedure("keys.revoke", "revokeApiKey"),
)

# Root fields that have no procedure, with the reason.
WITHOUT_PROCEDURE: Mapping[str, str] = {
    "node": "answers any type: a procedure asks for one of them, as `runs.get` does",
}
# Lists within answers that are shown longer than the schema does by itself.
LENGTHS: Mapping[str, str] = {
    "CrossProjectSummary.projects": "limit: 1000",
}
