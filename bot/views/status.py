"""`/solido status`: how syncing goes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from bot.advice import advice
from bot.views.blocks import Message, bold, context, counted, escape, lasting, saying, section, user, when
from bot.views.books import by_currency, compared
from bot.views.syncs import found, kind, progress
from core import quotas
from core.budget import NIGHTLY_COST, forecast
from core.status import Status, success_rate
from core.wording import listed, money
from core.xero.pacing import A_MINUTE, CALLS_A_MINUTE
from storage.models import Connection, ConnectionState, RunState, SyncRun

STATES = {
    ConnectionState.ACTIVE: ":large_green_circle: Connected",
    ConnectionState.RECONNECT_NEEDED: ":red_circle: Reconnect needed",
    ConnectionState.DISCONNECTED: ":white_circle: Disconnected",
}


def status(it: Status, *, daily_limit: int, every: timedelta, now: datetime) -> Message:
    """`every` is the usual rhythm of automatic syncs."""
    connection = it.connection
    head = f"{bold(connection.tenant_name)} · {STATES[ConnectionState(connection.state)]}"
    parts = [head, _who(connection), _moments(connection), _numbers(it), _owed(it), _runs(it.runs)]
    calls = _calls(it, daily_limit, every, now)
    said = (_advice(it), _compared(it), _unapplied(it), _set_aside(it), _stretched(it), calls)
    notes = [note for note in said if note]
    blocks = [section(part) for part in parts] + [context(note) for note in notes]
    return saying(blocks)


def _who(connection: Connection) -> str:
    text = f"Connected by {user(connection.connected_by)}, {when(connection.connected_at)}"
    if connection.disconnected_at and connection.disconnected_by:
        text += f"\nDisconnected by {user(connection.disconnected_by)}, {when(connection.disconnected_at)}"
    return text


def _moments(connection: Connection) -> str:
    success = when(connection.last_success_at) if connection.last_success_at else "none yet"
    attempt = when(connection.last_attempt_at) if connection.last_attempt_at else "none yet"
    upcoming = when(connection.next_sync_at) if connection.next_sync_at else "none, syncing has stopped"
    return f"*Last successful sync:* {success}\n*Last attempt:* {attempt}\n*Next automatic sync:* {upcoming}"


def _numbers(it: Status) -> str:
    rate = success_rate(it.figures.totals)
    shown = "none has ended yet" if rate is None else f"{rate:.1%} succeeded"
    return f"*{counted(it.figures.totals.total, 'sync', 'syncs')}* so far, {shown}"


def _owed(it: Status) -> str:
    aged = it.connection.state == ConnectionState.DISCONNECTED and it.connection.last_success_at
    as_of = f" (as of {when(it.connection.last_success_at)})" if aged and it.connection.last_success_at else ""
    lines = by_currency(it.books) or ["nothing"]
    return f"*Outstanding{as_of}:* " + "\n".join(lines)


def _runs(runs: Sequence[SyncRun]) -> str:
    return "*Last syncs*\n" + ("\n".join(map(_line, runs)) if runs else "none yet")


def _line(run: SyncRun) -> str:
    """One sync in one line: result, what started it, when, what changed, how long, or why not."""
    begun = f"{kind(run.trigger)}, {when(run.started_at or run.queued_at)}"
    match RunState(run.state):
        case RunState.SUCCEEDED:
            return f":white_check_mark: Succeeded · {begun} · {found(run)} · {lasting(run.seconds)}"
        case RunState.FAILED:
            return f":x: Failed · {begun} · {advice(run.error).said}"
    return f":hourglass_flowing_sand: Running · {begun} · {progress(run.page, run.page_count)}"


def _advice(it: Status) -> str:
    if not it.advise:
        return ""
    why = advice(it.advise)
    return f":bulb: Most of the last syncs failed. {why.said} {why.typed}"


def _compared(it: Status) -> str:
    return compared(it.agreement) if it.agreement else ""


def _unapplied(it: Status) -> str:
    """Money of customers who owe that no invoice has got, by currency; and what we may not see of it."""
    sums: dict[str, Decimal] = {}
    for rest in it.unapplied:
        sums[rest.currency] = sums.get(rest.currency, Decimal(0)) + rest.remaining
    known = [money(amount, currency) for currency, amount in sorted(sums.items())]
    who = len({rest.contact_id for rest in it.unapplied})
    lines = (
        [f"Not yet used for any invoice: {listed(known)} of {counted(who, 'customer who owes', 'customers who owe')}."]
        if known
        else []
    )
    if it.connection.lacks_payments:
        lines.append(
            "Overpayments and prepayments are hidden from me: the permission in Xero is older than this. "
            "`/solido connect` renews it."
        )
    return " ".join(lines)


def _set_aside(it: Status) -> str:
    shown, all_of_them = it.set_aside
    if not shown:
        return ""
    named = listed([f"{escape(record.label or record.record)} ({escape(record.reason)})" for record in shown])
    more = all_of_them - len(shown)
    tail = f" and {more:,} more" if more else ""
    return f":warning: {counted(all_of_them, 'record')} from Xero could not be read: {named}{tail}."


def _stretched(it: Status) -> str:
    if not it.connection.stretched_to:
        return ""
    apart = lasting(it.connection.stretched_to)
    return f"Automatic syncs are {apart} apart for now, so that the calls Xero allows last the day."


def _calls(it: Status, daily_limit: int, every: timedelta, now: datetime) -> str:
    """What Xero counts itself where it has told, else what we count."""
    connection, left = it.connection, quotas.of(it.connection, limit=daily_limit, now=now)
    used = it.figures.calls_today if left.used is None else left.used
    parts = [f"Calls to Xero today: {used:,} of {daily_limit:,} ({used / daily_limit:.0%})"]
    if connection.metered_at and connection.minute_left is not None and now - connection.metered_at < A_MINUTE:
        parts.append(f"{max(CALLS_A_MINUTE - connection.minute_left, 0)} of {CALLS_A_MINUTE} this minute")
    rhythm = timedelta(seconds=connection.stretched_to) if connection.stretched_to else every
    a_day = forecast(rhythm, automatic=it.figures.automatic_cost, nightly=NIGHTLY_COST)
    parts.append(f"about {a_day:,} a day at this rhythm")
    parts.append(f"{megabytes(it.figures.bytes_this_month)} this month")
    return " · ".join(parts)


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
