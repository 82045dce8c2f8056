"""The one message of a trouble, from its first word to recovery."""

from bot.advice import advice
from bot.views.blocks import (
    Message,
    actions,
    bold,
    button,
    context,
    counted,
    lasting,
    plain_when,
    section,
    when,
)
from core.notices import Trouble

STALE = "Invoices here stay as they were at the last successful sync, so what is paid in Xero since then is not known."


def trouble(it: Trouble) -> Message:
    return _over(it) if it.closed_at else _going_on(it)


def _going_on(it: Trouble) -> Message:
    why = advice(it.error)
    head = f":warning: {bold(it.organisation)} could not be synced. {why.said}"
    spoken = (
        f"{head} Since {plain_when(it.opened_at)}, {counted(it.failures, 'failed try', 'failed tries')}. "
        f"{STALE} {why.do}"
    )
    blocks = [
        section(head),
        section(f"*What it means:* {STALE}\n*What to do:* {why.do}"),
        context(_facts(it)),
        actions(*_buttons(it, reconnect=why.reconnect)),
    ]
    return Message(spoken, blocks)


def _facts(it: Trouble) -> str:
    last = f"Last success {when(it.last_success_at)}" if it.last_success_at else "No sync has succeeded yet"
    parts = [f"Since {when(it.opened_at)}", counted(it.failures, "failed try", "failed tries")]
    if it.failures > 1:
        parts.append(f"the last {when(it.last_failure_at)}")
    parts.append(last)
    if it.next_sync_at:
        parts.append(f"Next try by itself {when(it.next_sync_at)}")
    return " · ".join(parts)


def _buttons(it: Trouble, *, reconnect: bool) -> list[dict[str, object]]:
    value = str(it.connection_id)
    again = button("Try again", action="retry", value=value, label=f"Sync {it.organisation} again")
    if not reconnect:
        return [again]
    first = button(
        "Reconnect", action="reconnect", value=value, style="primary", label=f"Reconnect {it.organisation} to Xero"
    )
    return [first, again]


def _over(it: Trouble) -> Message:
    assert it.closed_at is not None  # trouble() has looked
    lasted = lasting((it.closed_at - it.opened_at).total_seconds())
    failures = counted(it.failures, "failure")
    if it.recovered:
        text = f":white_check_mark: {bold(it.organisation)} syncs again. Recovered after {failures}, {lasted}."
    else:
        text = f":information_source: {bold(it.organisation)}: closed, because the connection was ended."
    return Message(text, [section(text), context(f"It was: {advice(it.error).said} Since {when(it.opened_at)}.")])
