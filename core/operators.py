"""The people who run this installation, as far as the product can write to them."""

from typing import Protocol


class CannotWrite(Exception):
    """The mail server did not take it; trying again later may work."""


class Operators(Protocol):
    """Takes plain text to SUPPORT_EMAIL. There is none where no mail is set up."""

    async def write(self, *, subject: str, text: str) -> None:
        """Return once the mail server has taken it; raise CannotWrite."""
