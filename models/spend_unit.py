"""Which unit the figures of an organization are in: dollars, or credits where it pays in them."""

from models.cap_rule import SpendUnit
from models.credit_balance import CREDITS

__all__ = ["SpendUnit", "unit_of"]


def unit_of(billing_mode: str) -> SpendUnit:
    """The unit of the figures of an organization that pays in this way."""
    return SpendUnit.CREDITS if billing_mode == CREDITS else SpendUnit.DOLLARS
