"""The buttons of reminders. Values are `<workspace> [more]`: changeable by whoever presses, so checked anew."""

from decimal import Decimal
from uuid import UUID

from bot import permissions
from bot.commands.call import Call
from bot.commands.hold import must_belong
from bot.commands.pressed import as_id
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


async def ours(call: Call) -> tuple[UUID, str]:
    """The workspace a value names, if it is the clicker's team's, and what follows it; raise NotYours."""
    first, _space, rest = call.argument.partition(" ")
    return await call.services.workspaces.of_team(call.team.id, as_id(first)), rest


async def decidable(call: Call) -> tuple[UUID, str]:
    """The same, for those who may decide about reminders; raise NotAllowed for others."""
    workspace_id, rest = await ours(call)
    await permissions.must_administer(call, workspace_id)
    return workspace_id, rest


async def touchable(call: Call) -> tuple[UUID, UUID]:
    """A workspace and a thing in it, for members of the team."""
    workspace_id, rest = await ours(call)
    await must_belong(call)
    return workspace_id, as_id(rest)


async def start(call: Call) -> Message:
    """Start, unless Xero reminds too, or may."""
    workspace_id, _ = await decidable(call)
    async with call.services.database.reading(workspace_id) as store:
        row = await store.reminders.policy()
        connection = await store.connections.latest()
    if row.plan_seen_at and row.xero_reminds is not False:
        name = connection.tenant_name if connection else ""
        return views.before_start(name, str(workspace_id), reminds=row.xero_reminds)
    return await start_anyway(call)


async def start_anyway(call: Call) -> Message:
    workspace_id, _ = await decidable(call)
    name = await call.services.reminding.start(workspace_id, by=call.user_id, now=call.now)
    return Message.of(f"Reminders of {bold(name)} are on. The next letters go when the plan says.")


async def pause(call: Call) -> Modal:
    workspace_id, _ = await decidable(call)
    return forms.pause(str(workspace_id))


async def resume(call: Call) -> Message:
    workspace_id, _ = await decidable(call)
    name = await call.services.reminding.resume(workspace_id, by=call.user_id, now=call.now)
    return Message.of(f"Reminders of {bold(name)} go on. Of what was missed only the latest step goes out.")


async def rules(call: Call) -> Modal:
    workspace_id, _ = await decidable(call)
    outlook = await call.services.reminding.outlook(workspace_id, now=call.now)
    return forms.rules(str(workspace_id), outlook.standing.policy.rules, writes=call.services.writes)


async def letters(call: Call) -> Message:
    workspace_id, _ = await decidable(call)
    outlook = await call.services.reminding.outlook(workspace_id, now=call.now)
    rules = outlook.standing.policy.rules
    return views.letters_menu(str(workspace_id), [(one.days, one.subject) for one in rules.letters], thanks=rules.thank)


async def letter(call: Call) -> Modal:
    """The letter of one step, or the one that thanks, with how it reads for a real invoice."""
    workspace_id, days = await decidable(call)
    outlook = await call.services.reminding.outlook(workspace_id, now=call.now)
    step = step_named(outlook, days)
    return forms.letter(f"{workspace_id} {step.days}", step, preview(step, outlook))


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
    workspace_id, page = await ours(call)
    return await the_plan(call, workspace_id, page=int(page) if page.isdigit() and len(page) < 6 else 0)


async def hold_something(call: Call) -> Modal:
    workspace_id, _ = await ours(call)
    await must_belong(call)
    return forms.hold(str(workspace_id))


async def hold_invoice(call: Call) -> Message:
    workspace_id, invoice_id = await touchable(call)
    label = await call.services.reminding.hold(
        workspace_id, Scope.INVOICE, invoice_id, reason=HoldReason.OTHER, by=call.user_id, now=call.now
    )
    return Message.of(f"No reminders about {bold(label)} until somebody releases it.")


async def release(call: Call) -> Message:
    return await _release(call, Scope.INVOICE)


async def release_customer(call: Call) -> Message:
    return await _release(call, Scope.CUSTOMER)


async def _release(call: Call, scope: Scope) -> Message:
    workspace_id, target = await touchable(call)
    label = await call.services.reminding.release(workspace_id, scope, target, by=call.user_id, now=call.now)
    return Message.of(f"{bold(label)} is reminded of again when a step is due.")


async def letter_went(call: Call) -> Message:
    return await _became(call, went=True)


async def letter_did_not(call: Call) -> Message:
    return await _became(call, went=False)


async def _became(call: Call, *, went: bool) -> Message:
    workspace_id, letter_id = await touchable(call)
    decided = await call.services.reminding.say_what_became(
        workspace_id, letter_id, went=went, by=call.user_id, now=call.now
    )
    return Message.of("Thank you, noted." if decided else "That was settled already.")


async def credit_send(call: Call) -> Message:
    return await _credit(call, "send", "The reminder goes out when its slot is open")


async def credit_hold(call: Call) -> Message:
    return await _credit(call, "hold", "No reminders until somebody releases it")


async def _credit(call: Call, answer: str, said: str) -> Message:
    workspace_id, contact_id = await touchable(call)
    name = await call.services.reminding.answer_about_credit(
        workspace_id, contact_id, answer, by=call.user_id, now=call.now
    )
    return Message.of(f"{bold(name)}: {said}.")


async def credit_ask(call: Call) -> Modal:
    workspace_id, contact_id = await touchable(call)
    return forms.ask_whom(f"{workspace_id} {contact_id}")


async def subscribe(call: Call) -> Message:
    workspace_id, rest = await decidable(call)
    name = await call.services.reminding.subscribe(workspace_id, as_id(rest), by=call.user_id, now=call.now)
    return Message.of(f"{bold(name)} gets reminders again.")
