"""`aicost prices`: what models cost, what lacks a price, and past calls at the prices known now."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeVar

import asyncpg
import typer

from api.commands.output import AsJson, note, print_json, print_line, print_table
from api.commands.price_view import (
    HISTORY_HEADINGS,
    PRICE_HEADINGS,
    UNPRICED_HEADINGS,
    history_json,
    history_row,
    price_json,
    price_row,
    repricing_json,
    show_repricing,
    unpriced_json,
    unpriced_row,
)
from api.commands.repricing import finish, wanted_of
from api.commands.session import in_transaction, open_database
from api.commands.target import OrganizationName, organization_scope
from api.commands.when import parse_when
from api.settings import Settings
from models.access import Scope
from models.local_time import load_time_zones
from models.page import Page
from models.price_change import NewPrice, NewRate, set_price
from models.price_list import (
    EVERY_CLASS,
    KnownPrice,
    Price,
    list_prices,
    load_prices,
    price_history,
)
from models.public_price import adopt_public_prices, adopted_since, public_version, source
from models.repricing import (
    Repricing,
    post_rehearsed,
    price_unpriced,
    rehearse,
)
from models.unpriced import UnpricedModel, list_unpriced

app = typer.Typer(
    help="Show and set prices, and recalculate past calls by them.", no_args_is_help=True
)
Answer = TypeVar("Answer")
Provider = Annotated[str | None, typer.Option(help="Only this provider.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]
_SHOWN_MODELS = 50


def _in_organization(
    organization: str | None, work: Callable[[asyncpg.Connection, Scope], Awaitable[Answer]]
) -> Answer:
    async def located(connection: asyncpg.Connection) -> Answer:
        return await work(connection, await organization_scope(connection, organization))

    return in_transaction(located)


@app.command("list")
def list_(
    organization: OrganizationName = None,
    provider: Provider = None,
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    at: Annotated[
        str | None, typer.Option(help="At this day or instant instead of now.", metavar="WHEN")
    ] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Show the prices in force; the organization's own go before public ones."""

    async def work(connection: asyncpg.Connection, scope: Scope) -> Page[Price]:
        zones = await load_time_zones(connection, scope.organization_id)
        return await list_prices(
            connection,
            scope,
            parse_when(at, zones) if at is not None else datetime.now(UTC),
            size=limit,
            provider=provider,
            model=model,
            classes=EVERY_CLASS,
        )

    page = _in_organization(organization, work)
    if as_json:
        prices = [price_json(price) for price in page.items]
        print_json({"prices": prices, "has_more": page.has_next})
        return
    print_table(PRICE_HEADINGS, map(price_row, page.items))
    if page.has_next:
        note(f"These are the first {limit}; say --limit, --provider or --model.")


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="Name of the model, as calls or lists write it.")],
    organization: OrganizationName = None,
    provider: Provider = None,
    as_json: AsJson = False,
) -> None:
    """Show every price known of a model, past and future ones too. Exits with 1 if none is."""

    async def work(connection: asyncpg.Connection, scope: Scope) -> list[KnownPrice]:
        return await price_history(connection, scope, model, provider=provider)

    rows = _in_organization(organization, work)
    if as_json:
        print_json({"prices": [history_json(row) for row in rows]})
    elif rows:
        print_table(HISTORY_HEADINGS, map(history_row, rows))
    else:
        note(f"No price is known of {model!r}.")
    if not rows:
        raise typer.Exit(1)


@app.command()
def missing(
    organization: OrganizationName = None, limit: Limit = 100, as_json: AsJson = False
) -> None:
    """Show models that were used without a known price, most tokens first."""

    async def work(connection: asyncpg.Connection, scope: Scope) -> Page[UnpricedModel]:
        return await list_unpriced(connection, scope, size=limit)

    page = _in_organization(organization, work)
    if as_json:
        models = [unpriced_json(model) for model in page.items]
        print_json({"models": models, "has_more": page.has_next})
        return
    if not page.items:
        print_line("Every call has a price.")
        return
    print_table(UNPRICED_HEADINGS, map(unpriced_row, page.items))


@app.command("set")
def set_(
    model: Annotated[str, typer.Argument(help="Exact name of the model.")],
    provider: Annotated[str, typer.Option(help="Who runs the model.", show_default=False)],
    rates: Annotated[
        list[str],
        typer.Option(
            "--rate",
            metavar="CLASS[@TOKENS][/TIER]=DOLLARS",
            help="Dollars per million tokens: input=3, output=15, cache_read=0.3,"
            " input@200001=6, output/batch=7.5. Once for each.",
            show_default=False,
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="WHEN", help="First day or instant; now when left out. Up to 400"
            " days back."
        ),
    ] = None,
    organization: OrganizationName = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Append prices of the organization's own, and price the calls that had none."""
    parsed = tuple(map(parse_rate, rates))

    async def session() -> tuple[list[Price], Repricing | None]:
        async with open_database(Settings.load()) as database:
            async with database.transaction() as connection:
                scope = await organization_scope(connection, organization)
                zones = await load_time_zones(connection, scope.organization_id)
                starts_at = parse_when(since, zones) if since is not None else datetime.now(UTC)
                wanted = NewPrice(provider, model, starts_at, parsed)
                ids = await set_price(connection, scope, wanted)
                prices = await load_prices(connection, scope, ids)
            begun = await price_unpriced(database, scope)
            done = await finish(database, scope, begun) if begun is not None else None
        return [price for price in prices if price is not None], done

    prices, done = asyncio.run(session())
    if as_json:
        print_json(
            {
                "prices": [price_json(price) for price in prices],
                "repricing": repricing_json(done) if done is not None else None,
            }
        )
        return
    print_table(PRICE_HEADINGS, map(price_row, prices))
    if done is not None:
        print_line("What had no price:")
        show_repricing(done)


def parse_rate(text: str) -> NewRate:
    """`input@200001/batch=6` as a rate."""
    named, _, dollars = text.partition("=")
    named, _, tier = named.partition("/")
    token_class, _, least = named.partition("@")
    try:
        price = Decimal(dollars)
        if price.is_finite():
            return NewRate(token_class.strip().upper(), price, int(least or 0), tier.strip())
    except (InvalidOperation, ValueError):
        pass
    message = f"{text!r} is not a rate; one such as input=3 or input@200001/batch=6 is expected"
    raise typer.BadParameter(message)


@app.command()
def update(as_json: AsJson = False) -> None:
    """Adopt the public prices of the installed genai-prices; say what changed.

    Entries keep what they cost: `reprice` shows and posts the difference.
    """

    async def work(connection: asyncpg.Connection) -> tuple[int, list[asyncpg.Record]]:
        before = await public_version(connection)
        count = await adopt_public_prices(connection, now=datetime.now(UTC))
        changed = await adopted_since(connection, before) if count else []
        return count, changed

    count, changed = in_transaction(work)
    if as_json:
        models = [dict(row) for row in changed]
        print_json({"source": source(), "rows": count, "models": models})
        return
    new = sum(row["is_new"] for row in changed)
    print_line(
        f"{source()}: {count:,} prices adopted, of {new:,} new and {len(changed) - new:,} changed"
        " models."
    )
    shown = [row for row in changed if not row["is_new"]] or changed
    if shown:
        print_table(
            ("provider", "model", ""),
            (
                (row["provider"], row["model"], "new" if row["is_new"] else "changed")
                for row in shown[:_SHOWN_MODELS]
            ),
        )
    if len(shown) > _SHOWN_MODELS:
        note(f"And {len(shown) - _SHOWN_MODELS:,} more; --json names all.")
    if changed:
        note("What was recorded keeps its cost; `aicost prices reprice` shows the difference.")


@app.command()
def reprice(
    since: Annotated[str, typer.Option("--from", metavar="WHEN", help="First day or instant.")],
    until: Annotated[str, typer.Option("--to", metavar="WHEN", help="First day or instant after.")],
    models: Annotated[
        list[str] | None, typer.Option("--model", help="Only this model; may be repeated.")
    ] = None,
    organization: OrganizationName = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the difference and post nothing.")
    ] = False,
    as_yes: Annotated[bool, typer.Option("--yes", help="Post without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Recalculate past calls at the prices known now: show the difference, then post it.

    Nothing is edited: each call that changes is taken back and posted again by adjustments.
    """

    async def session() -> tuple[Repricing, Repricing | None]:
        async with open_database(Settings.load()) as database:
            async with database.connection() as connection:
                scope = await organization_scope(connection, organization)
                zones = await load_time_zones(connection, scope.organization_id)
            wanted = wanted_of(since, until, models, zones)
            shown = await finish(database, scope, await rehearse(database, scope, wanted))
            if dry_run or not shown.lines:
                return shown, None
            if not as_json:
                show_repricing(shown)
            if not as_yes and not as_json:
                typer.confirm("Post the difference?", abort=True, err=True)
            begun = await post_rehearsed(database, scope, wanted, shown.id)
            return shown, await finish(database, scope, begun)

    shown, done = asyncio.run(session())
    if as_json:
        print_json(repricing_json(done or shown))
    elif done is None:
        show_repricing(shown)
    else:
        print_line(f"Posted: {done.status}.")
    if (done or shown).status != "DONE":
        raise typer.Exit(1)
