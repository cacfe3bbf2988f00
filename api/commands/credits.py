"""`aicost credits`: how organizations pay, what they have left, bonus credits, and the proof."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from rich.console import Console

from api.commands.output import AsJson, answer, print_json, print_line, print_table
from api.commands.session import in_transaction, open_database
from api.commands.target import OrganizationName, organization_scope
from api.settings import Settings
from models.access import Scope
from models.billing import (
    AS_IT_IS,
    Billing,
    BillingChange,
    NewAmount,
    grant_bonus,
    load_billing,
    set_billing,
)
from models.credit_balance import Balance, load_balance
from models.credit_check import CreditReport, rebuild_credits, verify_credits
from models.credit_grant import CreditGrant, list_grants
from models.db import Database
from models.errors import BadInputError
from models.money import plain
from models.page import PageKey

app = typer.Typer(
    help="Show and change how an organization pays; grant, show and prove credits.",
    no_args_is_help=True,
)
OrganizationOption = Annotated[
    str | None, typer.Option("--organization", help="Only this one, by name; all if absent.")
]


@app.command()
def show(organization: OrganizationName = None, as_json: AsJson = False) -> None:
    """Show how an organization pays, what is left in its cycle, and what was granted last."""

    async def work(
        connection: asyncpg.Connection,
    ) -> tuple[Billing, Balance | None, Sequence[CreditGrant]]:
        scope, now = await organization_scope(connection, organization), datetime.now(UTC)
        [latest] = await list_grants(connection, scope, [PageKey(scope.organization_id, 20)])
        return (
            await load_billing(connection, scope, now),
            await load_balance(connection, scope.organization_id, now),
            latest.items,
        )

    billing, balance, grants = in_transaction(work)
    shown = _told(billing) | ({} if balance is None else _left(balance))
    granted = [
        {
            "kind": it.kind,
            "credits": plain(it.credits),
            "granted_at": it.granted_at,
            "reason": it.reason,
        }
        for it in grants
    ]
    if as_json:
        print_json({**shown, "grants": granted})
        return
    print_table(("what", "value"), shown.items())
    if granted:
        print_line("")
        print_table(("what", "credits", "when", "why"), (list(it.values()) for it in granted))


def _told(billing: Billing) -> dict[str, object]:
    return {
        "billing_mode": billing.billing_mode,
        "plan": billing.plan,
        "monthly_credits": _text(billing.monthly_credits),
        "credits_per_dollar": _text(billing.credits_per_dollar),
        "included_dollars": _text(billing.included_dollars),
        "cycle_anchor_day": billing.cycle_anchor_day,
        "next_cycle_anchor_day": billing.next_cycle_anchor_day,
    }


def _left(balance: Balance) -> dict[str, object]:
    return {
        "cycle_start": balance.cycle_start,
        "cycle_end": balance.cycle_end,
        "monthly_remaining": plain(balance.monthly_remaining),
        "bonus_remaining": plain(balance.bonus_remaining),
        "held": plain(balance.held),
        "used": plain(balance.used),
        "overage": plain(balance.overage),
        "on_demand_dollars": plain(balance.on_demand),
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


@app.command("set")
def set_(
    organization: OrganizationName = None,
    mode: Annotated[str | None, typer.Option(help="CREDITS or BYOM (dollars).")] = None,
    plan: Annotated[str | None, typer.Option(help="Name of the plan.")] = None,
    monthly_credits: Annotated[
        str | None,
        typer.Option(help="Credits that a cycle opens with; 'plan' for those of the plan."),
    ] = None,
    credits_per_dollar: Annotated[
        str | None, typer.Option(help="Credits that a dollar of cost takes from now on.")
    ] = None,
    included_dollars: Annotated[
        str | None,
        typer.Option(help="Dollars a cycle that are Included; 'none' where everything is."),
    ] = None,
    cycle_day: Annotated[
        int | None,
        typer.Option(help="Day of the month on which cycles begin, from the next one on."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change how an organization pays, from now on; what was posted stays as it was charged."""
    change = BillingChange(
        billing_mode=mode.upper() if mode is not None else None,
        plan=plan,
        monthly_credits=_amount_or("monthly-credits", monthly_credits, "plan"),
        credits_per_dollar=(
            None
            if credits_per_dollar is None
            else _amount("credits-per-dollar", credits_per_dollar)
        ),
        included_dollars=_amount_or("included-dollars", included_dollars, "none"),
        cycle_anchor_day=cycle_day,
    )
    if change == BillingChange():
        raise BadInputError("Nothing to change was named; see --help.")

    async def session() -> Billing:
        async with open_database(Settings.load()) as database:
            async with database.connection() as connection:
                scope = await organization_scope(connection, organization)
            # Everybody who posts is waited for first thing in the transaction.
            return await database.retry(lambda connection: _set(connection, scope, change))

    billing = asyncio.run(session())
    line = f"Pays in {billing.billing_mode}, plan {billing.plan}."
    answer(as_json, _told(billing), line)


async def _set(connection: asyncpg.Connection, scope: Scope, change: BillingChange) -> Billing:
    now = datetime.now(UTC)
    await set_billing(connection, scope, change, now=now)
    return await load_billing(connection, scope, now)


def _amount_or(name: str, text: str | None, word: str) -> NewAmount:
    if text is None:
        return AS_IT_IS
    return None if text.lower() == word else _amount(name, text)


def _amount(name: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise BadInputError(f"{name} is {text!r}; a number is expected.") from error


@app.command()
def grant(
    credits: Annotated[
        str, typer.Argument(help="How many; negative takes unused ones back (after `--`).")
    ],
    reason: Annotated[str, typer.Argument(help="What they are for.")],
    organization: OrganizationName = None,
    key: Annotated[
        str | None, typer.Option(help="Name of the grant: the same name grants once.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Grant bonus credits, which are used after a cycle's own and do not expire."""
    amount = _amount("credits", credits)

    async def work(connection: asyncpg.Connection) -> tuple[bool, Balance | None]:
        scope, now = await organization_scope(connection, organization), datetime.now(UTC)
        done = await grant_bonus(connection, scope, amount, reason, now=now, key=key)
        return done, await load_balance(connection, scope.organization_id, now)

    done, balance = in_transaction(work)
    left = plain(balance.bonus_remaining) if balance is not None else "0"
    value = {"is_duplicate": not done, "bonus_remaining": left}
    line = f"{left} bonus credits are left." if done else "Granted before; nothing was changed."
    answer(as_json, value, line)


@app.command()
def rebuild(organization: OrganizationOption = None, as_json: AsJson = False) -> None:
    """Make every balance what grants, deductions and reservations come to."""

    async def session() -> int:
        async with open_database(Settings.load()) as database:
            return await rebuild_credits(database, await _organization_id(database, organization))

    count = asyncio.run(session())
    answer(as_json, {"balances_rebuilt": count}, f"{count} balances were rebuilt.")


async def _organization_id(database: Database, name: str | None) -> UUID | None:
    if name is None:
        return None
    async with database.connection() as connection:
        return (await organization_scope(connection, name)).organization_id


@app.command()
def verify(
    organization: OrganizationOption = None,
    as_json: AsJson = False,
) -> None:
    """Recount every balance from grants, deductions and reservations. Exits with 1 if any differs.

    What is spent beyond the limit by run and hour is proved by `aicost rollup verify`.
    """
    console = Console(stderr=True)

    async def session() -> CreditReport:
        async with open_database(Settings.load()) as database:
            id = await _organization_id(database, organization)
            with console.status("Verifying ...") if console.is_terminal else nullcontext():
                return await verify_credits(database, id)

    report = asyncio.run(session())
    shown = [
        {
            "organization_id": str(it.organization_id),
            "figure": it.figure,
            "stored": plain(it.stored),
            "recounted": plain(it.recounted),
        }
        for it in report.shown
    ]
    if as_json:
        print_json(
            {
                "balances_checked": report.balances_checked,
                "deductions_checked": report.deductions_checked,
                "differences": report.differences,
                "shown": shown,
            }
        )
    else:
        for it in shown:
            print_line(str(it))
        print_line(
            f"{report.balances_checked} balances and {report.deductions_checked} deductions"
            f" checked: {report.differences} figures differ."
        )
    if report.differences:
        raise typer.Exit(1)
