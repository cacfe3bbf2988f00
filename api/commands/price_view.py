"""How prices, models without one and repricings are shown: rows of tables, or JSON for programs.

Tables for people show dollars as they are kept, never rounded.
"""

from datetime import datetime
from typing import Any

from api.commands.output import print_line, print_table
from models.ids import PRICE, REPRICING, encode
from models.money import plain
from models.price import ALWAYS, REQUEST
from models.price_list import KnownPrice, Price
from models.repricing import Repricing
from models.repricing_page import Line
from models.unpriced import UnpricedModel

PRICE_HEADINGS = (
    "provider", "model", "class", "$ / million", "from tokens", "tier", "since", "until", "source"
)  # fmt: skip
HISTORY_HEADINGS = (
    "provider", "model", "class", "$ / million", "from tokens", "tier", "since", "daily", "source"
)  # fmt: skip
UNPRICED_HEADINGS = ("provider", "model", "transactions", "tokens", "first", "last")


def price_row(price: Price) -> tuple[object, ...]:
    """A price in force, for people."""
    return (
        price.provider,
        price.model,
        _class(price.token_class),
        plain(price.dollars_per_million),
        price.min_input_tokens or None,
        price.service_tier,
        _since(price.starts_at),
        price.ends_at,
        "own" if price.is_own else "public",
    )


def price_json(price: Price) -> dict[str, Any]:
    """A price in force, for programs."""
    return {
        "id": encode(PRICE, price.organization_id, price.id),
        "provider": price.provider,
        "model": price.model,
        "token_class": price.token_class,
        "dollars_per_million": plain(price.dollars_per_million),
        "min_input_tokens": price.min_input_tokens,
        "service_tier": price.service_tier,
        "starts_at": price.starts_at,
        "ends_at": price.ends_at,
        "source": price.source,
    }


def history_row(price: KnownPrice) -> tuple[object, ...]:
    """A known price, for people."""
    daily = None
    if price.daily_from is not None and price.daily_until is not None:
        daily = f"{price.daily_from:%H:%M}-{price.daily_until:%H:%M}Z"
    return (
        price.provider,
        price.model,
        _class(price.token_class),
        plain(price.dollars_per_million),
        price.min_input_tokens or None,
        price.service_tier or None,
        _since(price.starts_at),
        daily,
        "own" if price.is_own else price.source,
    )


def history_json(price: KnownPrice) -> dict[str, Any]:
    """A known price, for programs."""
    return {
        "provider": price.provider,
        "model": price.model,
        "token_class": price.token_class,
        "dollars_per_million": plain(price.dollars_per_million),
        "min_input_tokens": price.min_input_tokens,
        "service_tier": price.service_tier or None,
        "starts_at": price.starts_at,
        "daily_from": price.daily_from,
        "daily_until": price.daily_until,
        "adopted_at": price.adopted_at,
        "source": "ORGANIZATION" if price.is_own else price.source,
    }


def unpriced_row(model: UnpricedModel) -> tuple[object, ...]:
    """A model without a price, for people."""
    return (
        model.provider,
        model.model,
        f"{model.unpriced_transactions:,}",
        f"{model.total_tokens:,}",
        model.first_at,
        model.last_at,
    )


def unpriced_json(model: UnpricedModel) -> dict[str, Any]:
    """A model without a price, for programs."""
    return {
        "provider": model.provider,
        "model": model.model,
        "unpriced_transactions": model.unpriced_transactions,
        "total_tokens": model.total_tokens,
        "first_at": model.first_at,
        "last_at": model.last_at,
    }


def show_repricing(repricing: Repricing) -> None:
    """A recalculation, for people: a line for each model, and the sum."""
    if not repricing.lines:
        print_line("Nothing changes.")
        return
    headings = ("provider", "model", "transactions", "unpriced", "before", "after", "difference")
    print_table(headings, map(_line_row, repricing.lines))
    print_line(f"Totals move by {_signed(plain(repricing.difference))} dollars.")


def repricing_json(repricing: Repricing) -> dict[str, Any]:
    """A recalculation, for programs."""
    return {
        "id": encode(REPRICING, repricing.organization_id, repricing.id),
        "is_dry_run": repricing.is_dry_run,
        "status": repricing.status,
        "difference": plain(repricing.difference),
        "lines": [
            {
                "provider": line.provider,
                "model": line.model,
                "transactions": line.transactions,
                "unpriced_transactions": line.unpriced_transactions,
                "cost_before": plain(line.cost_before),
                "cost_after": plain(line.cost_after),
                "difference": plain(line.difference),
            }
            for line in repricing.lines
        ],
    }


def _line_row(line: Line) -> tuple[object, ...]:
    return (
        line.provider,
        line.model,
        f"{line.transactions:,}",
        f"{line.unpriced_transactions:,}",
        plain(line.cost_before),
        plain(line.cost_after),
        _signed(plain(line.difference)),
    )


def _signed(amount: str) -> str:
    return amount if amount.startswith("-") or amount == "0" else f"+{amount}"


def _class(token_class: str) -> str:
    """Requests are priced by the thousand, all else by the million."""
    name = token_class.lower()
    return f"{name} (per thousand)" if token_class == REQUEST else name


def _since(instant: datetime) -> datetime | None:
    return None if instant == ALWAYS else instant
