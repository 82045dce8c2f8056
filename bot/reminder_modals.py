"""Submitted dialogs of reminders."""

import asyncio
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from uuid import uuid4

import msgspec

from bot.commands.call import Call, as_id
from bot.commands.hold import ToHold, place
from bot.reminder_actions import real_content, step_named
from bot.views import reminder_forms as forms
from bot.views import reminders as views
from bot.views.blocks import FieldErrors, Message, Modal, bold, user
from core.errors import BadArgument
from core.mail import Mail
from core.reminders.addresses import working
from core.reminders.currencies import KNOWN
from core.reminders.facts import HoldReason
from core.reminders.letters import TemplateBroken, write
from core.reminders.outlook import Outlook
from core.reminders.rules import DUE, FIRM, FRIENDLY, LATE, STEPS, Rules, Step
from storage.audit import Did
from storage.exact import exact_money

Values = Mapping[str, str]
FURTHEST, MOST_STEPS = 120, 8
MOST_AN_HOUR = 1000
TEST_SECONDS = 2.0
"""Slack waits three seconds for an answer."""


class _Wrong(Exception):
    """What was entered into one field cannot be used."""

    def __init__(self, block: str, said: str) -> None:
        super().__init__(said)
        self.errors = FieldErrors({block: said})


async def pause(call: Call, values: Values) -> Message | FieldErrors:
    today = (await call.services.reminding.outlook(call.workspace_id, now=call.now)).standing.today
    resume_on = forms.today_or(values.get("resume_on", ""))
    if resume_on and resume_on <= today:
        return FieldErrors({"resume_on": "Choose a day after today."})
    until = resume_on - timedelta(days=1) if resume_on else None
    name = await call.services.reminding.pause(call.workspace_id, by=call.user_id, now=call.now, until=until)
    return Message.of(f"All reminders of {bold(name)} are paused.")


async def rules(call: Call, values: Values) -> Message | FieldErrors:
    outlook = await call.services.reminding.outlook(call.workspace_id, now=call.now)
    try:
        made = read_rules(values, outlook.standing.policy.rules, writes=call.services.writes)
    except _Wrong as wrong:
        return wrong.errors
    await call.services.reminding.set_rules(call.workspace_id, made, by=call.user_id, now=call.now)
    return Message.of("The rules are saved. `/solido reminders` shows the plan they make.")


def read_rules(values: Values, before: Rules, *, writes: bool) -> Rules:
    """Raise _Wrong with the field and what is wrong with it. A step keeps its letter."""
    reply_to = values.get("reply_to", "").strip()
    if reply_to and working(reply_to) is None:
        raise _Wrong("reply_to", "This is not an e-mail address.")
    sender = values.get("sender_name", "").strip()
    if not sender.isprintable():
        raise _Wrong("sender_name", "A name is one line of plain text.")
    days = tuple(sorted({int(day) for day in values.get("weekdays", "").split(",") if day in tuple("0123456")}))
    if not days:
        raise _Wrong("weekdays", "Choose at least one day.")
    also = values["also"].split(",") if "also" in values else None
    return msgspec.structs.replace(
        before,
        steps=tuple(step_for(day, before) for day in read_steps(values.get("steps", ""))),
        send_at=read_time(values.get("send_at", "")),
        weekdays=days,
        minimums=read_minimums(values.get("minimums", "")),
        sender_name=sender[:100],
        reply_to=working(reply_to) or "",
        per_hour=read_number(values.get("per_hour", "")),
        thank=forms.THANK in also if also is not None else before.thank,
        note_in_xero=forms.NOTE in also if also is not None and writes else before.note_in_xero,
    )


def read_steps(text: str) -> list[int]:
    words = text.replace("−", "-").replace("–", "-").replace("+", " ").replace(",", " ").replace(";", " ").split()
    if not words or not all(word.lstrip("-").isdecimal() and word.isascii() and len(word) < 5 for word in words):
        raise _Wrong("steps", "Write whole numbers, like -3, 0, 7, 14.")
    found = sorted({int(word) for word in words})
    if len(found) > MOST_STEPS or found[0] < -FURTHEST or found[-1] > FURTHEST:
        raise _Wrong("steps", f"At most {MOST_STEPS} steps, none further than {FURTHEST} working days.")
    return found


def step_for(days: int, before: Rules) -> Step:
    known = before.letter(days) or next((step for step in STEPS if step.days == days), None)
    if known:
        return known
    subject = "Payment due: {{ numbers }}" if days <= 0 else "Payment overdue: {{ numbers }}"
    return Step(days, subject, FRIENDLY if days < 0 else DUE if days < 3 else LATE if days < 14 else FIRM)


def read_time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise _Wrong("send_at", "Choose a time.") from None


def read_minimums(text: str) -> dict[str, Decimal]:
    found = {}
    for part in text.replace(";", ",").split(","):
        words = part.split()
        if not words:
            continue
        code = next((word.upper() for word in words if word.upper() in KNOWN), None)
        number = next((word for word in words if word.upper() != code), "")
        if code is None or len(words) != 2:
            raise _Wrong("minimums", "Write amounts with their currency, like 5.00 GBP, 10.00 EUR.")
        try:
            amount = exact_money(Decimal(number))
        except (InvalidOperation, ValueError):
            raise _Wrong("minimums", f"“{number[:20]}” is no amount.") from None
        if amount < 0:
            raise _Wrong("minimums", "A minimum is not below zero.")
        found[code] = amount
    return found


def read_number(text: str) -> int:
    if not text.strip().isdecimal() or not text.isascii() or not 1 <= int(text) <= MOST_AN_HOUR:
        raise _Wrong("per_hour", f"Write a whole number from 1 to {MOST_AN_HOUR}.")
    return int(text)


async def letter(call: Call, values: Values) -> Message | Modal | FieldErrors:
    """Show how the letter reads, send a test, or save; what could not be sent is refused with its line."""
    days = call.rest()
    outlook = await call.services.reminding.outlook(call.workspace_id, now=call.now)
    before = step_named(outlook, days)
    step = Step(before.days, values.get("subject", "").strip(), values.get("body", "").strip())
    try:
        # With a body that is known to be good, so that what is wrong is told at its own field.
        write(Step(step.days, step.subject, "{{ invoices }}"), real_content(outlook, step))
    except TemplateBroken as broken:
        return FieldErrors({"subject": f"Line {broken.line}: {broken.why}."[:200]})
    try:
        written = write(step, real_content(outlook, step))
    except TemplateBroken as broken:
        return FieldErrors({"body": f"Line {broken.line}: {broken.why}."[:200]})
    what, address = values.get("what", forms.PREVIEW), values.get("address", "").strip()
    if what == forms.SAVE:
        await save(call, outlook, step)
        return Message.of("The letter is saved.")
    note = ""
    if what == forms.TEST:
        to = working(address)
        if to is None:
            return FieldErrors({"address": "Say where the test goes to."})
        note = await test(
            call, Mail(str(uuid4()), (to,), f"[Test] {written.subject}", written.text, written.html, call.now)
        )
    return forms.letter(f"{call.workspace_id} {days}", step, written, note=note, address=address)


async def save(call: Call, outlook: Outlook, step: Step) -> None:
    made = outlook.standing.policy.rules.worded(step)
    await call.services.reminding.set_rules(
        call.workspace_id, made, by=call.user_id, now=call.now, did=Did.LETTER_CHANGED
    )


async def test(call: Call, mail: Mail) -> str:
    try:
        async with asyncio.timeout(TEST_SECONDS):
            outcome = await call.services.reminding.test_letter(mail)
    except TimeoutError:
        return "The mail server did not answer in time; the test may still arrive."
    except BadArgument as refused:
        return refused.said
    return views.test_result(outcome.fate)


async def hold(call: Call, values: Values) -> Message | FieldErrors:
    today = (await call.services.reminding.outlook(call.workspace_id, now=call.now)).standing.today
    until: date | None = forms.today_or(values.get("until", ""))
    if until and until < today:
        return FieldErrors({"until": "Choose today or a later day."})
    reason = values.get("reason", "")
    known = HoldReason(reason) if reason in set(HoldReason) else HoldReason.OTHER
    asked = ToHold(values.get("target", "").strip(), until, known, values.get("note", "").strip()[:500])
    try:
        return await place(call, asked)
    except BadArgument as wrong:
        return FieldErrors({"target": wrong.said})


async def ask(call: Call, values: Values) -> Message:
    """Put the question about credit to somebody in a direct message."""
    contact_id = as_id(call.rest())
    whom = values.get("whom", "")
    await call.services.reminding.ask_somebody(call.workspace_id, contact_id, whom, by=call.user_id, now=call.now)
    return Message.of(f"I asked {user(whom)}.")


REMINDER_MODALS = {
    "reminders_pause": pause,
    "reminders_rules": rules,
    "reminders_letter": letter,
    "reminders_hold": hold,
    "credit_ask": ask,
}
