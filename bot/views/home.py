"""The app's Home: every workspace somebody may see, at a glance. Pictures are made of characters, which every Slack
shows; charts and tables of Slack's own are not shown in a Home everywhere (slack.md, section 4)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bot.limits import BLOCKS_OF_VIEW, fitted_view
from bot.views import data, troubles
from bot.views.blocks import (
    Block,
    Modal,
    actions,
    bold,
    button,
    channel,
    context,
    counted,
    header,
    one_line,
    section,
    when,
)
from bot.views.books import in_short
from bot.views.letters import day
from bot.views.status import STATES
from core.dashboard import Dashboard, Planned
from core.notices import AgeTold, Amount
from core.wording import money
from storage.invoices import Age
from storage.models import Connection, ConnectionState, RunState, SyncRun

SQUARES = {RunState.SUCCEEDED: "\N{LARGE GREEN SQUARE}", RunState.FAILED: "\N{LARGE RED SQUARE}"}
UNDER_WAY = "\N{WHITE LARGE SQUARE}"
AGES = {0: "Not yet due", 1: "1-30 days", 31: "31-60 days", 61: "61-90 days", 91: "Over 90 days"}
BAR = 12
SHOWN_CURRENCIES = 3
MOST_WORKSPACES = 9
EVERYBODY = (
    "Type `/solido help` in a channel to see what I can do. Something is wrong? `/solido support` gets you help."
)
NOTHING_YET = (
    "No channel that you are in is connected to Xero yet. Three steps to the first sync:\n"
    "1. Go to the channel that should hear about unpaid invoices, and type `/invite @Solido`.\n"
    "2. There, type `/solido connect` and press *Connect Xero*.\n"
    "3. Log in to Xero and choose the organisation. The first sync begins by itself."
)
ONLY_MEMBERS = (
    "Unpaid invoices are shown to full members of this Slack workspace only. "
    "Please ask one of them about what you need to know."
)


def home(shown: Sequence[tuple[Dashboard, bool]], *, daily_limit: int, now: datetime) -> Block:
    """Each dashboard with whether this person administers it."""
    blocks: list[Block] = [] if shown else [section(NOTHING_YET)]
    for it, admin in shown[:MOST_WORKSPACES]:
        blocks += workspace(it, admin=admin, daily_limit=daily_limit)
    if len(shown) > MOST_WORKSPACES:
        more = counted(len(shown) - MOST_WORKSPACES, "more channel")
        blocks.append(
            context(f"There {'is' if more.startswith('1 ') else 'are'} {more}; `/solido status` tells of it there.")
        )
    return view([*blocks, context(f"{EVERYBODY} As of {when(now)}.")])


def closed() -> Block:
    """For guests and people of other companies."""
    return view([section(ONLY_MEMBERS), context(EVERYBODY)])


def view(blocks: list[Block]) -> Block:
    return {"type": "home", "blocks": fitted_view(Modal("Solido", blocks[: BLOCKS_OF_VIEW + 1])).blocks}


def workspace(it: Dashboard, *, admin: bool, daily_limit: int) -> list[Block]:
    value = str(it.workspace_id)
    settings = [button("Settings", action="settings", value=value, label="Settings of this channel")] if admin else []
    settings += [data.menu(value)] if admin else []
    if it.connection is None or it.books is None:
        text = f"{channel(it.channel_id)} is not connected to Xero. Type `/solido connect` there."
        return [section(text), *([actions(*settings)] if settings else []), {"type": "divider"}]
    connection = it.connection
    blocks = [header(one_line(connection.tenant_name) or "Without a name"), section(_state(it, connection))]
    for trouble in it.troubles:
        blocks += troubles.in_short(trouble)
    blocks.append(section(_syncs(it)))
    blocks += [section(part) for part in _owed(it)]
    if it.planned:
        blocks.append(section(_reminders(it.planned)))
    blocks.append(context(f"Calls to Xero today: {it.calls:,} of {daily_limit:,} ({it.calls / daily_limit:.0%})"))
    blocks += [actions(*_buttons(it, connection), *settings), {"type": "divider"}]
    return blocks


def _state(it: Dashboard, connection: Connection) -> str:
    success = when(connection.last_success_at) if connection.last_success_at else "none yet"
    if it.running:
        upcoming = "syncing now"
    else:
        upcoming = when(connection.next_sync_at) if connection.next_sync_at else "none, syncing has stopped"
    return (
        f"{STATES[ConnectionState(connection.state)]} · {channel(it.channel_id)}\n"
        f"*Last successful sync:* {success}\n*Next sync:* {upcoming}"
    )


def _syncs(it: Dashboard) -> str:
    """The last syncs as a strip, oldest first, and in words for those who do not see it."""
    if it.rate is None:
        return "*Syncs:* none has ended yet"
    failed = sum(run.state == RunState.FAILED for run in it.runs)
    words = f"{it.rate:.0%} of the last {len(it.runs)} succeeded" if len(it.runs) > 1 else "the first one has ended"
    return f"*Syncs:* {words}{f', {failed} failed' if failed else ''}\n{strip(it.runs)}"


def strip(runs: Sequence[SyncRun]) -> str:
    return "".join(SQUARES.get(RunState(run.state), UNDER_WAY) for run in reversed(runs))


def _owed(it: Dashboard) -> list[str]:
    assert it.books is not None  # workspace() has looked
    parts = [f"*Outstanding:* {in_short(it.books)}"]
    parts += [currency_at_a_glance(amount, it.ages) for amount in it.books.amounts[:SHOWN_CURRENCIES]]
    rest = it.books.amounts[SHOWN_CURRENCIES:]
    if rest:
        parts.append("Also outstanding: " + ", ".join(money(one.amount, one.currency) for one in rest))
    return parts


def currency_at_a_glance(amount: Amount, ages: Sequence[Age | AgeTold]) -> str:
    """One currency's sum and its ages."""
    late = f", {money(amount.overdue_amount, amount.currency)} overdue" if amount.overdue_invoices else ", none overdue"
    mine = [age for age in ages if age.currency == amount.currency]
    return f"{bold(money(amount.amount, amount.currency))}{late}\n```{table(mine)}```"


def table(ages: Sequence[Age | AgeTold]) -> str:
    """A line for each age, with its amount and a bar; narrow enough for a phone."""
    known = {age.days: age for age in ages}
    amounts = {days: f"{known[days].amount:,.2f}" if days in known else "-" for days in AGES}
    width = max(map(len, amounts.values()))
    most = max((age.amount for age in ages), default=Decimal(0))
    return "\n".join(
        f"{name:<12} {amounts[days]:>{width}} {bar(known[days].amount, most) if days in known else ''}".rstrip()
        for days, name in AGES.items()
    )


def bar(amount: Decimal, most: Decimal) -> str:
    return "█" * max(1, round(BAR * amount / most)) if amount > 0 and most > 0 else ""


def _reminders(it: Planned) -> str:
    if not it.started:
        return "*Reminders:* not started; `/solido reminders` shows what would go out"
    if it.paused:
        return f"*Reminders:* paused, {counted(it.held, 'invoice')} held"
    first = f", the first on {day(it.first_on)}" if it.first_on else ""
    return f"*Reminders:* {counted(it.letters, 'letter')} planned{first}; {counted(it.held, 'invoice')} held"


def _buttons(it: Dashboard, connection: Connection) -> list[Block]:
    value, name = str(connection.id), connection.tenant_name
    if connection.state == ConnectionState.DISCONNECTED:
        return [button("Reconnect", action="reconnect", value=value, label=f"Reconnect {name} to Xero")]
    return [
        button("Sync now", action="retry", value=value, label=f"Sync now: {name}"),
        button("Reminders", action="reminders_more", value=f"{it.workspace_id} 0", label=f"Reminders of {name}"),
    ]
