"""The closed set of errors. Each leaf has advice for people in bot/advice.py; a test keeps that complete.

    SolidoError
    ├── Refusal               a person asked for something that cannot be done: said to them, nothing is wrong
    └── XeroError             Xero did not give what a sync or a connect needs
        ├── NeedsPerson       only a person can help
        ├── Passing           it passes by itself: tried again later
        └── Ours              a mistake of ours, or of whoever runs this installation

Messages are for logs: no token, no address, no body of an answer ever goes into one.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class SolidoError(Exception):
    """Anything that can go wrong in a way we know."""

    @property
    def code(self) -> str:
        """The name under which the error is stored and looked up."""
        return type(self).__name__


class Refusal(SolidoError):
    """Something a person asked for cannot be done."""


class NotConnected(Refusal):
    """The workspace has no live connection."""


class NoWorkspace(Refusal):
    """No workspace belongs to this place, and the team has none to fall back on."""


class Choice(NamedTuple):
    """One of several workspaces a person may have meant."""

    workspace_id: UUID
    channel_id: str
    organisation: str


class WhichWorkspace(Refusal):
    """The team has several workspaces and none belongs to this place."""

    def __init__(self, choices: list[Choice]) -> None:
        super().__init__(f"{len(choices)} workspaces to choose from")
        self.choices = choices


class NotYours(Refusal):
    """The person does not belong to the team, or the thing asked for is not there (any more)."""


class NotAllowed(Refusal):
    """The person belongs to the team, but this is for the workspace's admins."""


class NotAMember(Refusal):
    """A guest, a bot, somebody deactivated, or of another company."""


class NotInChannel(Refusal):
    """A full member of the team, but not in the channel whose books these are."""


class UnknownPerson(Refusal):
    """Slack does not say who the person is, so nothing is done for them."""


class BadArgument(Refusal):
    """The words after a command are not understood. `said` is shown to the person."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class AttemptInvalid(Refusal):
    """A connect link or a return from Xero that is unknown, used, too old, or from another browser."""


class ConsentDenied(Refusal):
    """The person pressed Cancel in Xero."""


class CodeRefused(Refusal):
    """Xero did not accept the code that it sent back with the browser."""


class NoOrganisation(Refusal):
    """The permission that was given covers no organisation."""


class OrganisationTaken(Refusal):
    """Another workspace of this installation holds this organisation."""


class OtherOrganisation(Refusal):
    """The workspace already keeps the books of another organisation."""

    def __init__(self, expected: str, chosen: str) -> None:
        super().__init__("another organisation than before")
        self.expected = expected
        self.chosen = chosen


class XeroError(SolidoError):
    """Xero did not give what was needed. `detail` is for the log and for support, never for the channel."""

    def __init__(self, detail: str = "", *, correlation_id: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.correlation_id = correlation_id


class NeedsPerson(XeroError):
    """Trying again will not help; somebody has to do something."""


class PermissionEnded(NeedsPerson):
    """Xero no longer accepts the saved permission (`invalid_grant`, or a fresh token refused)."""


class DisconnectedInXero(NeedsPerson):
    """Xero no longer lists the organisation among those we may see."""


class PermissionMissing(NeedsPerson):
    """The permission does not cover what was asked for."""


class ChangedInXero(NeedsPerson):
    """The organisation is still ours but refuses: plan ended, trial over, or the connecting person lost a role."""


class Passing(XeroError):
    """Will pass by itself. `retry_at` (aware UTC) where Xero said when."""

    def __init__(self, detail: str = "", *, correlation_id: str = "", retry_at: datetime | None = None) -> None:
        super().__init__(detail, correlation_id=correlation_id)
        self.retry_at = retry_at


class XeroUnavailable(Passing):
    """Timeouts, broken connections, 5xx."""


class OrganisationOffline(Passing):
    """Xero has taken this one organisation offline for some minutes."""


class XeroUnreadable(Passing):
    """Xero answered 200 with something that is not an answer."""


class RateLimited(Passing):
    """Too many calls this minute, or too many at once."""


class DailyLimitReached(Passing):
    """The day's calls for this organisation are used up."""


class Ours(XeroError):
    """Not the customer's to mend."""


class XeroRejected(Ours):
    """Xero did not understand our request."""


class Misconfigured(Ours):
    """Xero does not know this installation: wrong client id, secret or redirect address."""


class Unexpected(Ours):
    """A mistake in Solido itself."""


class NotRunning(Ours):
    """Automatic syncs have not even begun for several intervals."""


class BooksDiffer(Ours):
    """The mirror and Xero's open book were compared, and are not the same."""


class Superseded(SolidoError):
    """Another attempt at the same run has taken over, or the run was ended meanwhile: stop, and write nothing."""
