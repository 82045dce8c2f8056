"""How SQLite keeps ids, money and time, exactly. By itself: no other library is needed for it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

MONEY_UNIT = Decimal("0.0001")
UNITS = Decimal(10_000)
DIGITS_BEFORE = 14


def in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone was about to be stored")
    return value.astimezone(UTC)


def as_text(value: datetime | None) -> str | None:
    """How SQLite keeps a moment: as SQLAlchemy writes it, always with microseconds, so that texts sort as moments."""
    return None if value is None else in_utc(value).isoformat(" ", "microseconds")[:26]


def as_day(value: date | None) -> str | None:
    """How SQLite keeps a date."""
    return None if value is None else value.isoformat()


def as_hex(value: UUID | None) -> str | None:
    """How SQLite keeps ids: as SQLAlchemy writes them."""
    return None if value is None else f"{value.int:032x}"


def as_units(value: Decimal | None) -> int | None:
    """How SQLite keeps money: the exact number of ten-thousandths."""
    return int(exact_money(value) * UNITS) if value else None if value is None else 0


def exact_money(value: Decimal) -> Decimal:
    """Return the amount unchanged; raise ValueError for one that four decimals or fourteen digits cannot hold."""
    # Every amount of every invoice passes here, so the cheapest of the ways to ask: what does not fit leaves a rest.
    if not value:
        return value
    if not value.is_finite() or value.adjusted() >= DIGITS_BEFORE:
        raise ValueError("the amount is too large to be stored")
    if value % MONEY_UNIT:
        raise ValueError("the amount has more than four decimals")
    return value
