"""`/solido hold INV-0042 until 12 Dec because disputed`: leave an invoice or a customer alone."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from bot import permissions
from bot.commands.call import Call
from bot.views import reminder_forms
from bot.views.blocks import Message, Modal, actions, bold, button, section
from bot.views.letters import day
from core.errors import BadArgument
from core.reminders.facts import HoldReason
from core.why_invoice import find
from storage.reminder_models import Scope
from storage.store import WorkspaceStore

ASKED = re.compile(
    r"(?P<target>.+?)(?:\s+until\s+(?P<until>.+?))?(?:\s+because\s+(?P<because>.+))?", re.IGNORECASE | re.DOTALL
)
WRITTEN = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
NO_DATE = "I did not understand the date “{}”. Write it like 12 Dec or 2026-12-12."
EVERYTHING = ("everything", "everybody", "all")


@dataclass(frozen=True)
class ToHold:
    """What somebody asks to leave alone, as they wrote it."""

    target: str
    until: date | None
    reason: HoldReason
    note: str


async def hold(call: Call) -> Message | Modal:
    """Without words a dialog; `everything` is for admins."""
    if not call.argument:
        return reminder_forms.hold(str(call.workspace_id))
    today = (await call.services.reminding.outlook(call.workspace_id, now=call.now)).standing.today
    return await place(call, understood(call.argument, today))


async def place(call: Call, asked: ToHold) -> Message:
    """Leave alone what was asked for. `everything` is for admins, in whatever way it was asked for."""
    reminding, workspace_id = call.services.reminding, call.workspace_id
    if asked.target.lower() in EVERYTHING:
        await permissions.must_administer(call, workspace_id)
        name = await reminding.pause(workspace_id, by=call.user_id, now=call.now, until=asked.until)
        return Message.of(f"All reminders of {bold(name)} are paused{through(asked.until)}.")
    async with call.services.database.reading(workspace_id) as store:
        scope, target = await meant(store, asked.target)
    label = await reminding.hold(
        workspace_id,
        scope,
        target,
        reason=asked.reason,
        by=call.user_id,
        now=call.now,
        until=asked.until,
        note=asked.note,
    )
    text = f"No reminders about {bold(label)}{through(asked.until)}."
    action = "hold_release" if scope == Scope.INVOICE else "hold_release_customer"
    release = button("Release", action=action, value=f"{workspace_id} {target}", label=f"Release {label}"[:75])
    return Message(text, [section(text), actions(release)])


def through(until: date | None) -> str:
    return f" through {day(until)}" if until else " until somebody releases it"


async def meant(store: WorkspaceStore, words: str) -> tuple[Scope, UUID]:
    """The invoice of that number, else the customer of that name; raise BadArgument where there is neither or two."""
    named = [contact for contact in await store.contacts.all() if contact.name.lower() == words.lower()]
    try:
        return Scope.INVOICE, (await find(store, words)).invoice_id
    except BadArgument:
        if not named:
            raise BadArgument(f"I know no invoice and no customer called {words[:60]}.") from None
    if len(named) > 1:
        raise BadArgument(f"There are several customers called {words[:60]}: hold their invoices one by one.")
    return Scope.CUSTOMER, named[0].contact_id


def understood(words: str, today: date) -> ToHold:
    """Read what was typed; raise BadArgument for a date that is none, or has passed."""
    match = ASKED.fullmatch(words.strip())
    if match is None or not match["target"].strip():
        raise BadArgument("Say what to hold, like `/solido hold INV-0042 until 12 Dec because disputed`.")
    because = (match["because"] or "").strip()
    until = read_date(match["until"].strip(), today) if match["until"] else None
    return ToHold(match["target"].strip(), until, reason_of(because), because[:500])


def reason_of(because: str) -> HoldReason:
    lowered = because.lower()
    if "disput" in lowered:
        return HoldReason.DISPUTED
    return HoldReason.PROMISED if "promis" in lowered else HoldReason.OTHER


def read_date(words: str, today: date) -> date:
    """Without a year the next such day is meant."""
    plain = words.replace(",", " ").replace(".", " ")
    found = iso(plain) or dated(plain) or coming(plain, today)
    if found is None:
        raise BadArgument(NO_DATE.format(words[:40]))
    if found < today:
        raise BadArgument(f"{day(found)} has passed already.")
    return found


def iso(words: str) -> date | None:
    try:
        return date.fromisoformat(words.strip())
    except ValueError:
        return None


def dated(words: str) -> date | None:
    for form in WRITTEN:
        try:
            return datetime.strptime(" ".join(words.split()), form).date()  # noqa: DTZ007  # a calendar date
        except ValueError:
            continue
    return None


def coming(words: str, today: date) -> date | None:
    for year in range(today.year, today.year + 5):
        found = dated(f"{words} {year}")
        if found and found >= today:
            return found
    return None
