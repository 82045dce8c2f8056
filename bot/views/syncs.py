"""What is said of a sync: when asked for, while it runs, at its end."""

from bot.advice import advice
from bot.views.blocks import Message, bar, bold, channel, context, lasting, saying, section, user
from bot.views.books import at_a_glance, compared
from core.notices import SyncTold
from core.wording import listed
from storage.models import RunState, SyncRun, Trigger

NO_SECOND = "No second one is needed."
KINDS = {Trigger.MANUAL: "manual", Trigger.INITIAL: "after connecting", Trigger.RECONCILE: "full"}


def kind(trigger: str) -> str:
    """The customer's word for what started a sync."""
    return KINDS.get(Trigger(trigger), "automatic")


def asked(organisation: str, channel_id: str, *, here: bool, full: bool = False) -> Message:
    place = "here" if here else f"in {channel(channel_id)}"
    what = "Reading all outstanding invoices of" if full else "Syncing"
    return Message.of(f"{what} {bold(organisation)} now. The result follows {place}.")


def already_running(organisation: str, run: SyncRun, *, full: bool = False) -> Message:
    """Somebody asked while a sync is under way; a full one they asked for follows it."""
    after = "The full one follows it by itself." if full and run.trigger != Trigger.RECONCILE else NO_SECOND
    text = (
        f"A sync of {bold(organisation)} ({kind(run.trigger)}) is already running: "
        f"{progress(run.page, run.page_count)}. {after}"
    )
    return Message(text, [section(text), context(bar(run.page, run.page_count))])


def told(sync: SyncTold) -> Message:
    """The run's own message, at any moment of its life."""
    match RunState(sync.state):
        case RunState.SUCCEEDED:
            return _done(sync)
        case RunState.FAILED:
            return _failed(sync)
    return _going_on(sync)


def progress(page: int, pages: int) -> str:
    return f"page {min(page, pages):,} of {pages:,}" if pages else "about to begin"


def found(sync: SyncTold | SyncRun) -> str:
    """`2 added, 1 changed and 1 settled`, or `nothing new`. Put right is what Xero had not announced as changed."""
    counts = [
        (sync.added, "added"),
        (sync.changed, "changed"),
        (sync.settled, "settled"),
        (sync.mended, "put right"),
        (sync.gone, "gone from Xero"),
    ]
    return listed([f"{number:,} {what}" for number, what in counts if number]) or "nothing new"


def _name(sync: SyncTold) -> str:
    if sync.trigger == Trigger.INITIAL:
        return "First sync" if sync.first else "Sync after reconnecting"
    return "Full sync" if sync.trigger == Trigger.RECONCILE else "Sync"


def _going_on(sync: SyncTold) -> Message:
    text = (
        f":hourglass_flowing_sand: {_name(sync)} of {bold(sync.organisation)}: {progress(sync.page, sync.page_count)}…"
    )
    return Message(text, [section(text), context(bar(sync.page, sync.page_count))])


def _done(sync: SyncTold) -> Message:
    assert sync.books is not None  # a run that succeeded always has them
    first = sync.trigger == Trigger.INITIAL and sync.first
    what = at_a_glance(sync.books) if first else found(sync)
    text = f":white_check_mark: {_name(sync)} done: {what}, in {lasting(sync.seconds)}."
    below = (
        f"From now on I look at {bold(sync.organisation)} by myself, day and night. `/solido status` tells how it goes."
        if first
        else f"{bold(sync.organisation)} now: {at_a_glance(sync.books)}.{_by(sync)}"
    )
    blocks = [section(text), context(below)]
    if sync.agreement:
        blocks.append(context(compared(sync.agreement)))
    if sync.set_aside:
        one = sync.set_aside == 1
        were = "record could not be read and was" if one else "records could not be read and were"
        names = "names it" if one else "names them"
        blocks.append(context(f":warning: {sync.set_aside:,} {were} set aside; `/solido status` {names}."))
    return saying(blocks)


def _failed(sync: SyncTold) -> Message:
    why = advice(sync.error)
    text = f":x: {_name(sync)} of {bold(sync.organisation)} did not work. {why.said}"
    return saying([section(text), context(f"What was known before is kept.{_by(sync)}")])


def _by(sync: SyncTold) -> str:
    return f" Asked for by {user(sync.asked_by)}." if sync.asked_by else ""
