"""Working days of a country: its weekend and its public holidays (library `holidays`; whole-country ones only)."""

from datetime import date, timedelta
from functools import cache

import holidays

ORDINARY_WEEKEND = frozenset({5, 6})
"""Saturday and Sunday, as `date.weekday()` counts."""
KNOWN_YEARS = range(1900, 2101)
"""Outside these the library knows nothing, and a due date there is a typing error anyway."""
REMEMBERED = 100_000
FAR = 400
"""No step lies further from its due date, in working days."""


class WorkingDays:
    """The calendar of one country; of an unknown one only the weekend is known."""

    def __init__(self, country: str) -> None:
        try:
            self._holidays: holidays.HolidayBase | None = holidays.country_holidays(country)
        except NotImplementedError:
            self._holidays = None
        self._shifted: dict[tuple[date, int], date] = {}
        self.weekend = ORDINARY_WEEKEND if self._holidays is None else frozenset(self._holidays.weekend)

    def is_holiday(self, day: date) -> bool:
        return self._holidays is not None and day.year in KNOWN_YEARS and day in self._holidays

    def is_working(self, day: date) -> bool:
        return day.weekday() not in self.weekend and not self.is_holiday(day)

    def shift(self, day: date, by: int) -> date:
        """Return the working day that lies `by` working days after (before: negative) `day`; `day` itself for 0.

        Where the calendar ends, its last (first) day.
        """
        known = self._shifted.get((day, by))
        if known is None:
            if len(self._shifted) >= REMEMBERED:
                self._shifted.clear()
            known = self._shifted[day, by] = self._count(day, by)
        return known

    def _count(self, day: date, by: int) -> date:
        step = timedelta(days=1 if by > 0 else -1)
        left = min(abs(by), FAR)
        while left:
            try:
                day += step
            except OverflowError:
                return day
            left -= self.is_working(day)
        return day


@cache
def working_days(country: str) -> WorkingDays:
    """The calendar of a country by its two letters, as Xero's CountryCode has them; made once."""
    return WorkingDays(country)


def prepare() -> None:
    """Load the library's data now, which takes it half a second once, and not while somebody waits for an answer."""
    working_days("GB")
