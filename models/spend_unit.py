"""What amounts are measured in: dollars, or credits where an organization pays in them."""

from enum import StrEnum


class SpendUnit(StrEnum):
    """What an amount is measured in."""

    DOLLARS = "DOLLARS"
    CREDITS = "CREDITS"


def unit_of(billing_mode: str) -> SpendUnit:
    """The unit of the figures of an organization that pays in this way."""
    return SpendUnit.CREDITS if billing_mode == "CREDITS" else SpendUnit.DOLLARS
