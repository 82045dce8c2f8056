"""Where Slack has asked to be left alone for a while: by team, method and channel."""

from datetime import datetime, timedelta

MOST_REMEMBERED = 1_000


class Pace:
    """Slack answers 429 with the seconds to wait. Until then nothing more of the kind is sent there, not even what is
    another message: it would be refused too, and the wait begin anew."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, ...], datetime] = {}

    def wait(self, *where: str, now: datetime) -> timedelta | None:
        """How long to wait still; None where nobody has to."""
        until = self._until.get(where)
        return until - now if until is not None and until > now else None

    def asked_to_wait(self, *where: str, seconds: timedelta, now: datetime) -> None:
        if len(self._until) >= MOST_REMEMBERED:
            self._until = {place: until for place, until in self._until.items() if until > now}
        self._until[where] = max(now + seconds, self._until.get(where, now))
