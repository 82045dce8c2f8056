"""A small organisation that owes us, and reminders that have been started."""

from datetime import date, timedelta
from decimal import Decimal

from sandbox.mail import Letter
from sandbox.xero import Contact, FakeXero, Invoice
from tests.stories.play import HARBOUR, Play, workspace_of

TODAY = date(2026, 11, 23)
"""The Monday on which plays begin, at nine in London, when the slot opens."""


def london(xero: FakeXero) -> None:
    xero.add_organisation(HARBOUR, base_currency="GBP", country="GB", timezone="GMTSTANDARDTIME")


def owes(
    play: Play, name: str = "Quayside Books", *, number: str = "INV-1", late: int = 30, total: str = "120.00", **about
) -> Invoice:
    """An invoice of this customer, due so many days before the play begins; the customer is made if need be."""
    books = play.organisation()
    contact = customer(play, name) or books.add_contact(name, address(name))
    due_on = TODAY - timedelta(days=late)
    return books.add_invoice(
        contact, number=number, total=Decimal(total), issued_on=due_on - timedelta(days=30), due_on=due_on, **about
    )


def customer(play: Play, name: str) -> Contact | None:
    return next((contact for contact in play.organisation().contacts if contact.name == name), None)


def address(name: str) -> str:
    return f"accounts@{name.lower().replace(' ', '-')}.example.com"


async def started(play: Play, **about) -> None:
    """Connected and synced, the plan seen, reminders started."""
    if not play.xero.is_connected(play.organisation()):
        await play.connect()
    reminding, workspace = play.world.solido.services.reminding, await workspace_of(play)
    await reminding.saw_plan(workspace, by="U0ADMIN", now=play.now)
    await reminding.start(workspace, by="U0ADMIN", now=play.now)
    await play.settle()


def letters(play: Play) -> list[Letter]:
    return play.world.mailbox.letters


def told(play: Play) -> list[str]:
    return [post.text for post in play.slack.posts]
