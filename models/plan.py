"""Plans: how many credits a month each one brings.

Fixed here; what an organization has agreed apart from them is `credit_balance.monthly_credits`.
Refused: prices of plans, since paying is not this program's.
"""

from decimal import Decimal

from models.errors import UserError, UserErrors

FREE = "free"
PLANS = {
    FREE: Decimal(500),
    "starter": Decimal(2_000),
    "team": Decimal(10_000),
    "business": Decimal(50_000),
}
"""Credits a billing cycle, by the name of the plan."""


def plan_credits(plan: str) -> Decimal:
    """The credits that a cycle opens with; none for a plan that is no longer known."""
    return PLANS.get(plan, Decimal(0))


def check_plan(plan: str) -> str:
    """The name of a plan as it is written; raises UserErrors for one that does not exist."""
    name = plan.strip().lower()
    if name not in PLANS:
        message = f"plan is {plan!r}; one of {', '.join(PLANS)} is expected."
        raise UserErrors([UserError("INVALID", message, ("plan",))])
    return name
