"""The weekly digest: what happened, how the books stand, and what needs a person."""

from bot.advice import advice
from bot.views.blocks import Message, bold, context, counted, saying, section, when
from bot.views.books import in_short
from bot.views.home import currency_at_a_glance
from core.notices import Digest
from core.wording import listed, money

OFF = "Every Monday at 9:00, where the organisation is. `/solido settings` turns it off."
SHOWN_CURRENCIES = 3


def digest(it: Digest) -> Message:
    head = f":calendar: The week of {bold(it.organisation)}"
    facts = [f"*Syncs:* {_syncs(it)}", f"*Paid in full:* {_paid(it)}", f"*Letters sent:* {_letters(it)}"]
    owed = f"*Outstanding:* {in_short(it.books)}"
    needs = _needs(it)
    todo = "*What needs a person*\n" + "\n".join(f"• {line}" for line in needs) if needs else "Nothing needs a person."
    tables = [currency_at_a_glance(amount, it.ages) for amount in it.books.amounts[:SHOWN_CURRENCIES]]
    blocks = [section(head), section("\n".join(facts)), section(owed)]
    blocks += [*map(section, tables), section(todo), context(f"Since {when(it.since)}. {OFF}")]
    return saying(blocks)


def _syncs(it: Digest) -> str:
    if not it.syncs:
        return "none"
    went = "all succeeded" if not it.failed else f"{it.failed:,} failed"
    began = f"; {counted(it.troubles, 'trouble')} began" if it.troubles else ""
    return f"{it.syncs:,}, {went}{began}"


def _paid(it: Digest) -> str:
    if not it.paid:
        return "nothing"
    return listed([f"{money(one.amount, one.currency)} for {counted(one.invoices, 'invoice')}" for one in it.paid])


def _letters(it: Digest) -> str:
    held = f", {counted(it.held, 'invoice')} held" if it.held else ""
    return f"{it.letters:,}{held}" if it.letters or it.held else "none"


def _needs(it: Digest) -> list[str]:
    found = [f"{advice(error).said} {advice(error).typed}" for error in dict.fromkeys(it.going_on)]
    if it.unsure_letters:
        went = "it went out: see its message" if it.unsure_letters == 1 else "they went out: see their messages"
        found.append(f"Of {counted(it.unsure_letters, 'letter')} I do not know whether {went}.")
    if it.credit_questions:
        have = "has" if it.credit_questions == 1 else "have"
        found.append(
            f"{counted(it.credit_questions, 'customer')} {have} credit on no invoice: see the question, and answer it."
        )
    if it.set_aside:
        them = "it" if it.set_aside == 1 else "them"
        found.append(f"{counted(it.set_aside, 'record')} from Xero could not be read; `/solido status` names {them}.")
    return found
