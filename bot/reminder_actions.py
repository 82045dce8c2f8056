"""The buttons of reminders. Values are `<workspace> [more]`: changeable by whoever presses, so looked up anew."""

from decimal import Decimal

from bot.commands.call import Call, as_id
from bot.commands.reminders import the_plan
from bot.views import reminder_forms as forms
from bot.views import reminders as views
from bot.views.blocks import Message, Modal, bold
from core.errors import NotYours
from core.reminders.facts import HoldReason
from core.reminders.letters import Content, Owed, TemplateBroken, Written, write
from core.reminders.outlook import Outlook
from core.reminders.rules import THANKS, Step
from storage.reminder_models import Scope


async def start(call: Call) -> Message:
    """Start, unless Xero reminds too, or may."""
    async with call.services.database.reading(call.workspace_id) as store:
        row = await store.reminders.policy()
        connection = await store.connections.latest()
    if row.plan_seen_at and row.xero_reminds is not False:
        name = connection.tenant_name if connection else ""
        return views.before_start(name, str(call.workspace_id), reminds=row.xero_reminds)
    return await start_anyway(call)


async def start_anyway(call: Call) -> Message:
    name = await call.services.reminding.start(call.workspace_id, by=call.user_id, now=call.now)
    return Message.of(f"Reminders of {bold(name)} are on. The next letters go when the plan says.")


async def pause(call: Call) -> Modal:
    return forms.pause(str(call.workspace_id))


async def resume(call: Call) -> Message:
    name = await call.services.reminding.resume(call.workspace_id, by=call.user_id, now=call.now)
    return Message.of(f"Reminders of {bold(name)} go on. Of what was missed only the latest step goes out.")


async def rules(call: Call) -> Modal:
    outlook = await call.services.reminding.outlook(call.workspace_id, now=call.now)
    return forms.rules(str(call.workspace_id), outlook.standing.policy.rules, writes=call.services.writes)


async def letters(call: Call) -> Message:
    outlook = await call.services.reminding.outlook(call.workspace_id, now=call.now)
    rules = outlook.standing.policy.rules
    return views.letters_menu(
        str(call.workspace_id), [(one.days, one.subject) for one in rules.letters], thanks=rules.thank
    )


async def letter(call: Call) -> Modal:
    """The letter of one step, or the one that thanks, with how it reads for a real invoice."""
    days = call.rest()
    outlook = await call.services.reminding.outlook(call.workspace_id, now=call.now)
    step = step_named(outlook, days)
    return forms.letter(f"{call.workspace_id} {step.days}", step, preview(step, outlook))


def step_named(outlook: Outlook, days: str) -> Step:
    """Raise NotYours for a letter that the rules do not have."""
    step = outlook.standing.policy.rules.letter(int(days)) if days.removeprefix("-").isdecimal() else None
    if step is None:
        raise NotYours
    return step


def preview(step: Step, outlook: Outlook) -> Written | None:
    """How the letter reads; None for a template that is broken."""
    try:
        return write(step, real_content(outlook, step))
    except TemplateBroken:
        return None


def real_content(outlook: Outlook, step: Step) -> Content:
    """A letter about the first customer of the books; about an example where nobody owes anything. What it thanks for
    is looked at as if it were paid."""
    it, paid = outlook.standing, step.days == THANKS.days
    organisation = it.connection.tenant_name
    for customer in outlook.customers:
        debts = [debt for debt in customer.debts if debt.due_on]
        if debts:
            owed = tuple(Owed(d.number, d.due_on or it.today, d.amount_due, d.amount_due, d.currency) for d in debts)
            sender = it.policy.rules.sender_name or organisation
            return Content(customer.name, organisation, sender, owed, it.today, paid=paid)
    example = Owed("INV-0042", it.today, Decimal(120), Decimal(120), it.connection.base_currency or "GBP")
    return Content("A Customer", organisation, organisation, (example,), it.today, paid=paid)


async def more(call: Call) -> Message:
    page = call.rest()
    return await the_plan(call, page=int(page) if page.isdigit() and len(page) < 6 else 0)


async def hold_something(call: Call) -> Modal:
    return forms.hold(str(call.workspace_id))


async def hold_invoice(call: Call) -> Message:
    invoice_id = as_id(call.rest())
    label = await call.services.reminding.hold(
        call.workspace_id, Scope.INVOICE, invoice_id, reason=HoldReason.OTHER, by=call.user_id, now=call.now
    )
    return Message.of(f"No reminders about {bold(label)} until somebody releases it.")


async def release(call: Call) -> Message:
    return await _release(call, Scope.INVOICE)


async def release_customer(call: Call) -> Message:
    return await _release(call, Scope.CUSTOMER)


async def _release(call: Call, scope: Scope) -> Message:
    target = as_id(call.rest())
    label = await call.services.reminding.release(call.workspace_id, scope, target, by=call.user_id, now=call.now)
    return Message.of(f"{bold(label)} is reminded of again when a step is due.")


async def letter_went(call: Call) -> Message:
    return await _became(call, went=True)


async def letter_did_not(call: Call) -> Message:
    return await _became(call, went=False)


async def _became(call: Call, *, went: bool) -> Message:
    letter_id = as_id(call.rest())
    decided = await call.services.reminding.say_what_became(
        call.workspace_id, letter_id, went=went, by=call.user_id, now=call.now
    )
    return Message.of("Thank you, noted." if decided else "That was settled already.")


async def credit_send(call: Call) -> Message:
    return await _credit(call, "send", "The reminder goes out when its slot is open")


async def credit_hold(call: Call) -> Message:
    return await _credit(call, "hold", "No reminders until somebody releases it")


async def _credit(call: Call, answer: str, said: str) -> Message:
    contact_id = as_id(call.rest())
    name = await call.services.reminding.answer_about_credit(
        call.workspace_id, contact_id, answer, by=call.user_id, now=call.now
    )
    return Message.of(f"{bold(name)}: {said}.")


async def credit_ask(call: Call) -> Modal:
    contact_id = as_id(call.rest())
    return forms.ask_whom(f"{call.workspace_id} {contact_id}")


async def subscribe(call: Call) -> Message:
    name = await call.services.reminding.subscribe(call.workspace_id, as_id(call.rest()), by=call.user_id, now=call.now)
    return Message.of(f"{bold(name)} gets reminders again.")
