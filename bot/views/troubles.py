"""The one card of a trouble, from its first word to recovery, and the story in its thread."""

from datetime import date

from bot.advice import advice
from bot.views.blocks import (
    Block,
    Message,
    actions,
    bold,
    button,
    context,
    counted,
    lasting,
    menu,
    plain_when,
    section,
    user,
    when,
)
from bot.views.syncs import kind
from core.incidents import Cause, Ending, Happening, SnoozeFor
from core.notices import Happened, Held, Moved, Tried, Trouble, TroubleAloud, TroubleStory

STALE = "Invoices here stay as they were at the last successful sync, so what is paid in Xero since then is not known"
NOT_SYNCED = "{0} could not be synced."
HEADS = {
    Cause.BOOKS_DIFFER: "{0}: the books here differ from Xero's.",
    Cause.NOT_RUNNING: "{0} is no longer synced by itself.",
    Cause.QUOTA_USED_UP: "{0} has to wait for its next sync.",
}
MEANS = {Cause.BOOKS_DIFFER: "Until they agree, an amount shown here may not be the one in Xero"}
GOOD_AGAIN = {
    Cause.BOOKS_DIFFER: "{0}: the books agree with Xero's again.",
    Cause.NOT_RUNNING: "{0} syncs by itself again.",
}
NO_USE_TRYING = {Cause.QUOTA_USED_UP}
"""Another try would only be refused as well."""
NOTHING_TRIED = {Cause.NOT_RUNNING, Cause.BOOKS_DIFFER}
"""No sync has failed."""
A_MINUTE = 60
SNOOZES = {SnoozeFor.HOUR: "1 hour", SnoozeFor.MORNING: "Until tomorrow 9:00", SnoozeFor.WEEK: "A week"}
WAKE = "wake"


def trouble(it: Trouble) -> Message:
    return _over(it) if it.closed_at else _going_on(it)


def _going_on(it: Trouble) -> Message:
    why, cause = advice(it.error), Cause(it.cause)
    head = f"{HEADS.get(cause, NOT_SYNCED).format(bold(it.organisation))} {why.said}"
    means = f"{MEANS.get(cause, STALE)}{_held(it.held)}."
    who = [*_quiet(it), *_taken(it)]
    spoken = [
        f":warning: {head}",
        f"Since {plain_when(it.opened_at)}{_tries(it)}.",
        means,
        f"{why.do}",
        *who,
    ]
    blocks = [
        section(f"{':zzz:' if it.snoozed_until else ':warning:'} {head}"),
        section(f"*What it means:* {means}\n*What to do:* {why.do}"),
        context(_facts(it)),
    ]
    if who:
        blocks.append(context(" ".join(who)))
    return Message(" ".join(spoken), [*blocks, actions(*_buttons(it, reconnect=why.reconnect))])


def in_short(it: Trouble) -> list[Block]:
    """A trouble that goes on, beside others, with the same buttons. Ids are its own: several stand on one page."""
    why, cause = advice(it.error), Cause(it.cause)
    head = f"{HEADS.get(cause, NOT_SYNCED).format(bold(it.organisation))} {why.said} *What to do:* {why.do}"
    said = " ".join([f":{'zzz' if it.snoozed_until else 'warning'}: {head}", *_quiet(it), *_taken(it)])
    return [section(said), actions(*_buttons(it, reconnect=why.reconnect))]


def _held(held: Held | None) -> str:
    """Goes on from what the trouble means; empty where reminders were never started."""
    if held is None:
        return ""
    if not held.count:
        return "; no reminder is waiting because of it so far"
    first = f", the first from {_day(held.first_on)}" if held.first_on else ""
    return f"; {counted(held.count, 'reminder')} {'is' if held.count == 1 else 'are'} on hold until this is over{first}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"


def _tries(it: Trouble) -> str:
    """Goes on from since when; empty where nothing was tried in vain."""
    if it.cause in NOTHING_TRIED:
        return ""
    return f", {counted(it.failures, 'failed try', 'failed tries')}"


def _facts(it: Trouble) -> str:
    last = f"Last success {when(it.last_success_at)}" if it.last_success_at else "No sync has succeeded yet"
    parts = [f"Since {when(it.opened_at)}{_tries(it)}"]
    if it.failures > 1 and it.cause not in NOTHING_TRIED:
        parts.append(f"the last {when(it.last_failure_at)}")
    parts.append(last)
    if it.next_sync_at and it.cause != Cause.NOT_RUNNING:
        parts.append(f"Next try by itself {when(it.next_sync_at)}")
    return " · ".join(parts)


def _quiet(it: Trouble) -> list[str]:
    if it.snoozed_until is None or it.snoozed_by is None:
        return []
    return [f":zzz: Snoozed until {when(it.snoozed_until)} by {user(it.snoozed_by)}."]


def _taken(it: Trouble) -> list[str]:
    return [f":raising_hand: {user(it.taken_by)} is on it."] if it.taken_by else []


def _buttons(it: Trouble, *, reconnect: bool) -> list[Block]:
    value, name = str(it.incident_id), it.organisation
    first = button("Reconnect", action="reconnect", value=value, style="primary", label=f"Reconnect {name} to Xero")
    again = button("Try again", action="retry", value=value, label=f"Try again to sync {name}")
    options = [(words, f"{quiet} {value}") for quiet, words in SNOOZES.items()]
    if it.snoozed_until:
        options.append(("No longer", f"{WAKE} {value}"))
    return [
        *([first] if reconnect else []),
        *([again] if it.cause not in NO_USE_TRYING else []),
        menu("Snooze", options, action="snooze"),
        button("I'm on it", action="take", value=value, label="I'm on it: tell everybody that I look after this"),
        button("Get help", action="help", value=value, label=f"Get help with {name}"),
    ]


def _over(it: Trouble) -> Message:
    assert it.closed_at is not None  # trouble() has looked
    after = f"after {_story_in_short(it.cause, it.failures, (it.closed_at - it.opened_at).total_seconds())}"
    by = user(it.ended_by) if it.ended_by else "somebody"
    match it.ending:
        case Ending.RECOVERED:
            text = f":white_check_mark: {_good_again(it)} Recovered {after}"
            text += f"{_released(it.released)}."
        case Ending.RECONNECTED:
            text = f":link: {bold(it.organisation)} was connected again by {by}, {after}. The sync that follows shows "
            text += "whether all is well."
        case _:
            text = f":information_source: {bold(it.organisation)}: closed, because {by} disconnected it from Xero."
    return Message(text, [section(text), context(f"It was: {advice(it.error).said} Since {when(it.opened_at)}.")])


def _good_again(it: Trouble) -> str:
    return GOOD_AGAIN.get(Cause(it.cause), "{0} syncs again.").format(bold(it.organisation))


def _story_in_short(cause: str, failures: int, seconds: float) -> str:
    lasted = lasting(seconds) if seconds >= A_MINUTE else "less than a minute"
    return lasted if cause in NOTHING_TRIED else f"{counted(failures, 'failure')}, {lasted}"


def _released(count: int) -> str:
    return f"; {counted(count, 'reminder')} went back to plan" if count else ""


def story(it: TroubleStory) -> Message:
    """Details for those who want them, in the thread of the card."""
    lines = [_line(happened) for happened in it.happened]
    text = f"What happened with {bold(it.organisation)}:\n" + "\n".join(lines)
    if not it.tries:
        return Message.of(text)
    tries = "*The last syncs*\n" + "\n".join(map(_try, it.tries))
    return Message(f"{text}\n{tries}", [section(text), section(tries)])


def _line(it: Happened) -> str:
    return f"{when(it.at)}: {_what(it)}"


def _what(it: Happened) -> str:
    by = user(it.by) if it.by else "somebody"
    match Happening(it.what):
        case Happening.FAILED:
            return advice(it.error).said
        case Happening.BACK:
            return f"It is back. {advice(it.error).said}"
        case Happening.TAKEN:
            return f"{by} is on it."
        case Happening.SNOOZED:
            return f"{by} asked for quiet" + (f" until {when(it.until)}." if it.until else ".")
        case Happening.WOKE:
            return "The snooze is over."
        case Happening.RETRIED:
            return f"{by} asked for another try."
        case Happening.RECOVERED:
            return "All is well again."
        case Happening.RECONNECTED:
            return f"{by} connected to Xero again."
        case Happening.DISCONNECTED:
            return f"{by} disconnected from Xero."


def _try(it: Tried) -> str:
    return f"{when(it.at)}, {kind(it.trigger)}: {advice(it.error).said if it.error else 'it worked.'}"


def aloud(it: TroubleAloud) -> Message:
    """A reply in the card's thread: heard by those who follow it, and by nobody else."""
    if it.what == Happening.WOKE:
        to = f"{user(it.by)}, the snooze" if it.by else "The snooze"
        text = f"{to} is over, and {bold(it.organisation)} is still in trouble."
    else:
        short = _story_in_short(it.cause, it.failures, it.seconds)
        text = f"Recovered after {short}{_released(it.released)}."
    return Message.of(text)


def moved(it: Moved) -> Message:
    text = f"The alert about {bold(it.organisation)} goes on in a newer message."
    return Message(text, [context(text)])


def snoozed(organisation: str, until: str) -> Message:
    text = f"Snoozed until {until}: I keep trying, and remind you then if {bold(organisation)} is still in trouble."
    return Message.of(text)


def awake() -> Message:
    return Message.of("The snooze is over.")


def taken(organisation: str) -> Message:
    return Message.of(f"You are on it: the alert about {bold(organisation)} says so to everybody.")


def over_already(organisation: str) -> Message:
    return Message.of(f"The trouble with {bold(organisation)} is over already: nothing needs to be done.")
