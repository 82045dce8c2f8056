"""How amounts and lists read, in letters and in messages alike. Pure."""

from collections.abc import Sequence
from decimal import Decimal

CENT = Decimal("0.01")


def money(amount: Decimal, currency: str) -> str:
    """`1,721.94 USD`; more decimals only where the amount has them."""
    cents = amount.quantize(CENT)
    return f"{cents if cents == amount else amount.normalize():,} {currency}"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
