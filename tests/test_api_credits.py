"""`aicost credits`: billing set and shown, bonus credits granted, balances proved."""

from decimal import Decimal

import orjson
import pytest
from billed import entry, post
from postgres_server import FreshDatabase
from tenants import Tenant
from test_api_cli import Aicost, command_on

from models.db import Database


@pytest.fixture
def aicost(migrated: FreshDatabase, database: Database) -> Aicost:
    """The command on the migrated database, beside this worker's own pool."""
    return command_on(migrated)


@pytest.fixture
async def name(database: Database, tenant: Tenant) -> str:
    """The name of the tenant's organization, made one of a kind."""
    name = f"Billed {tenant.id}"
    async with database.connection() as connection:
        await connection.execute("UPDATE organization SET name = $2 WHERE id = $1", tenant.id, name)
    return name


async def test_billing_is_set_and_shown(aicost: Aicost, name: str) -> None:
    of = ("--organization", name)
    before = (await aicost("credits", "show", *of, "--json")).json
    assert (before["billing_mode"], before["monthly_credits"]) == ("BYOM", None)
    changed = await aicost(
        *("credits", "set", *of, "--mode", "credits", "--plan", "starter", "--cycle-day", "31"),
        *("--credits-per-dollar", "100", "--included-dollars", "12.5", "--json"),
    )
    assert changed.json == {
        "billing_mode": "CREDITS",
        "plan": "starter",
        "monthly_credits": "2000",
        "credits_per_dollar": "100",
        "included_dollars": "12.5",
        "cycle_anchor_day": 1,
        "next_cycle_anchor_day": 31,
    }
    assert (await aicost("credits", "grant", "50", "referral", "--key", "k", *of)).status == 0
    again = await aicost("credits", "grant", "50", "referral", "--key", "k", *of, "--json")
    assert again.json == {"is_duplicate": True, "bonus_remaining": "50"}
    await aicost("credits", "set", *of, "--included-dollars", "none", "--monthly-credits", "2500")
    shown = (await aicost("credits", "show", *of, "--json")).json
    assert shown["included_dollars"] is None
    assert (shown["monthly_remaining"], shown["bonus_remaining"]) == ("2500", "50")
    assert sorted((it["kind"], it["credits"]) for it in shown["grants"]) == [
        ("BONUS", "50"),
        ("MONTHLY", "2000"),
        ("PLAN", "500"),
    ]
    table = (await aicost("credits", "show", *of)).out
    assert "monthly_remaining" in table
    assert "referral" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set",), "Nothing to change was named"),
        (("set", "--mode", "gold"), "CREDITS or BYOM is expected"),
        (("set", "--credits-per-dollar", "many"), "credits-per-dollar is 'many'"),
        (("grant", "0", "why"), "credits is 0"),
        (("grant", "--", "-1", "why"), "only 0 bonus credits are left"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_what_makes_no_sense_is_a_line(
    aicost: Aicost, name: str, arguments: tuple[str, ...], said: str
) -> None:
    command, *rest = arguments
    outcome = await aicost("credits", command, "--organization", name, *rest)
    assert outcome.status == 1
    assert said in outcome.err


async def test_balances_are_proved(
    aicost: Aicost, name: str, database: Database, tenant: Tenant
) -> None:
    of = ("--organization", name)
    await aicost("credits", "set", *of, "--mode", "CREDITS", "--credits-per-dollar", "10")
    await post(database, tenant, [entry(tenant, 4)])
    proved = await aicost("credits", "verify", *of, "--json")
    assert proved.status == 0
    assert proved.json == {
        "balances_checked": 1,
        "deductions_checked": 0,
        "differences": 0,
        "shown": [],
    }
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE credit_balance SET held = 3, monthly_used = $2 WHERE organization_id = $1",
            tenant.id,
            Decimal("0.5"),
        )
    wrong = await aicost("credits", "verify", *of, "--json")
    assert wrong.status == 1
    assert [
        (it["figure"], it["stored"], it["recounted"]) for it in orjson.loads(wrong.out)["shown"]
    ] == [
        ("monthly_used", "0.5", "0"),
        ("held", "3", "0"),
    ]
    assert "2 figures differ" in (await aicost("credits", "verify", *of)).out
    rebuilt = await aicost("credits", "rebuild", *of, "--json")
    assert rebuilt.json == {"balances_rebuilt": 1}
    assert (await aicost("credits", "verify", *of)).status == 0
