"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Dialect, Numeric
from sqlalchemy.types import TypeDecorator, TypeEngine

MONEY_UNIT = Decimal("0.0001")
UNITS = Decimal(10_000)
DIGITS_BEFORE = 14


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware UTC in, aware UTC out, on SQLite too (which itself knows no zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = in_utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An exact amount of at most fourteen digits before and four after the point.

    SQLite would store a Numeric as a float, and 99999999999999.1234 would come back changed; there it is an
    integer count of ten-thousandths.
    """

    impl = Numeric(19, 4)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(19, 4))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return as_units(value) if dialect.name == "sqlite" else exact_money(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return (Decimal(value) * MONEY_UNIT).quantize(MONEY_UNIT)
        return Decimal(value)


def in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone was about to be stored")
    return value.astimezone(UTC)


def as_text(value: datetime | None) -> str | None:
    """How SQLite keeps a moment: as SQLAlchemy writes it, always with microseconds, so that texts sort as moments."""
    return None if value is None else in_utc(value).isoformat(" ", "microseconds")[:26]


def as_hex(value: UUID | None) -> str | None:
    """How SQLite keeps ids: as SQLAlchemy writes them."""
    return None if value is None else f"{value.int:032x}"


def as_units(value: Decimal | None) -> int | None:
    """How SQLite keeps money: the exact number of ten-thousandths."""
    return None if value is None else int(exact_money(value) * UNITS)


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
