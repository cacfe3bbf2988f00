"""What is asked: the questions of a dashboard, and the check that SQL gave the same answer.

Documents ask for everything that 003's page shows. All months have passed when they are asked for,
so that an answer does not hang on the day on which it is measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from usage import PROJECT_COUNT, YEAR

from models.ids import PROJECT, encode

# In it even the smallest ledger has a top five of runs for the median project.
MONTH = f"{YEAR}-12"
Rows = Mapping[str, Sequence[asyncpg.Record]]
Agree = Callable[[Any, Rows], bool]

_SUMMARY = """
query Summary($projectId: ID!, $month: Month!) {
  monthlySummary(projectId: $projectId, month: $month) {
    id month timeZone asOf totalCost totalTokens inputTokens outputTokens totalJobs
    unpricedTransactions previousCost costChange budgetLimit budgetPct budgetStatus budgetRemaining
    agentBreakdown {
      agentType label color totalJobs cost pctOfTotal inputTokens outputTokens totalTokens
      successRate unpricedTransactions
    }
    topRuns {
      runId status trigger startedAt jobCount totalTokens cost pctOfTotal unpricedTransactions
      run { key workflow }
    }
  }
}
"""
_TREND = """
query Trend($projectId: ID!, $month: Month!) {
  monthlyTrend(projectId: $projectId, months: 6, until: $month) {
    month cost totalTokens jobCount unpricedTransactions
  }
}
"""
_PORTFOLIO = """
query Portfolio($month: Month!) {
  crossProjectSummary(month: $month) {
    id month asOf totalCost totalTokens totalJobs unpricedTransactions previousCost costChange
    totalBudget budgetedCost budgetPct projectCount warningCount exceededCount
    projects(limit: 1000) {
      project { id name }
      cost totalTokens totalJobs unpricedTransactions budgetLimit budgetPct budgetStatus
      budgetRemaining pctOfTotal previousCost costChange
    }
  }
}
"""
_RECENT = """
query Recent($projectId: ID!) {
  recentTransactions(projectId: $projectId) {
    id occurredAt agentType label color run { id key } model inputTokens outputTokens cost
  }
}
"""
_SERIES = """
query Series($range: RangeInput!, $granularity: Granularity!) {
  organization { usageSeries(range: $range, granularity: $granularity) {
    id unit total unpricedTransactions period { start end }
    lines { surface total points { amount period { start end firstDate lastDate } } }
  } }
}
"""
_TOP = """
query Top($range: RangeInput!) {
  organization { top: %s(range: $range) {
    unit period { firstDate lastDate } pageInfo { hasNextPage endCursor }
    nodes { %s { id name } requests amount pctOfTotal unpricedTransactions }
  } }
}
"""


@dataclass(frozen=True)
class Question:
    """A GraphQL request. `agree` compares its data with what its statements returned."""

    name: str
    document: str
    variables: dict[str, Any]
    agree: Agree

    @property
    def body(self) -> bytes:
        """The request's body."""
        return orjson.dumps({"query": self.document, "variables": self.variables})


def questions(organization_id: UUID, big: UUID, median: UUID) -> list[Question]:
    """What is asked of every ledger; the names are the same for all."""
    asked = [Question("crossProjectSummary", _PORTFOLIO, {"month": MONTH}, _same_portfolio)]
    for size, project_id in (("big", big), ("median", median)):
        project = {"projectId": encode(PROJECT, organization_id, project_id)}
        dated = {**project, "month": MONTH}
        asked += [
            Question(f"monthlySummary, {size}", _SUMMARY, dated, _same_summary),
            Question(f"monthlyTrend, {size}", _TREND, dated, _same_trend),
            Question(f"recentTransactions, {size}", _RECENT, project, _same_entries),
        ]
    weeks = {"range": {"dates": {"first": f"{MONTH}-02", "last": f"{MONTH}-31"}}}
    day = {"range": {"dates": {"first": f"{MONTH}-17", "last": f"{MONTH}-17"}}}
    cycle = {"range": {"dates": {"first": f"{MONTH}-01", "last": f"{MONTH}-31"}}}
    asked += [
        Question("usageSeries, 24 hours", _SERIES, {**day, "granularity": "HOUR"}, _same_series),
        Question("usageSeries, 30 days", _SERIES, {**weeks, "granularity": "WEEK"}, _same_series),
        Question("topWorkspaces", _TOP % ("topWorkspaces", "workspace"), cycle, _same_ranking),
        Question("topUsers", _TOP % ("topUsers", "user"), cycle, _same_ranking),
    ]
    return sorted(asked, key=lambda question: question.name)


def _same_series(data: Any, rows: Rows) -> bool:
    series = data["organization"]["usageSeries"]
    spent = [row for name in rows if name.startswith("usage_series") for row in rows[name]]
    total = sum(row["amount"] for row in spent)
    lines = [Decimal(line["total"]) for line in series["lines"]]
    return total > 0 and total == sum(lines) == Decimal(series["total"])


def _same_ranking(data: Any, rows: Rows) -> bool:
    told = [Decimal(node["amount"]) for node in data["organization"]["top"]["nodes"]]
    return len(told) > 1 and told == [row["amount"] for row in rows["ranking"]][: len(told)]


def _same_summary(data: Any, rows: Rows) -> bool:
    summary, spent = data["monthlySummary"], rows["summary_month"]
    agents = {it["agentType"]: Decimal(it["cost"]) for it in summary["agentBreakdown"]}
    runs = [(it["run"]["key"], Decimal(it["cost"])) for it in summary["topRuns"]]
    return (
        len(agents) > 1
        and len(runs) > 1
        and Decimal(summary["totalCost"]) == sum(row["cost"] for row in spent)
        and agents == {row["agent_type"]: row["cost"] for row in spent}
        and runs == [(row["key"], row["cost"]) for row in rows["summary_top_runs"]]
    )


def _same_trend(data: Any, rows: Rows) -> bool:
    points = {it["month"]: Decimal(it["cost"]) for it in data["monthlyTrend"]}
    spent = {f"{row['month']:%Y-%m}": row["cost"] for row in rows["summary_trend"]}
    return len(spent) == 6 and points == spent


def _same_portfolio(data: Any, rows: Rows) -> bool:
    projects = data["crossProjectSummary"]["projects"]
    spent = {row["name"]: row["cost"] for row in rows["summary_portfolio"]}
    return len(projects) == PROJECT_COUNT and spent == {
        it["project"]["name"]: Decimal(it["cost"]) for it in projects
    }


def _same_entries(data: Any, rows: Rows) -> bool:
    told = [(it["inputTokens"], it["cost"] and Decimal(it["cost"]))
            for it in data["recentTransactions"]]  # fmt: skip
    classes = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
    listed = [(sum(row[name] for name in classes), row["cost"]) for row in rows["entry_list"]]
    return len(told) == 50 and told == listed[:50]
