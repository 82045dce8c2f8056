"""`python scripts/messages_page.py`: docs/messages.md anew, from the views that people see."""

import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bot.advice import ADVICE, Advice  # noqa: E402  # found by the line above
from bot.commands import SAYS  # noqa: E402
from bot.rendering import render  # noqa: E402
from bot.views import (  # noqa: E402
    connections,
    data,
    help,
    history,
    home,
    missed,
    settings,
    status,
    support,
    syncs,
    troubles,
    why,
    why_invoice,
)
from bot.views import reminder_forms as forms  # noqa: E402
from bot.views import reminders as reminder_views  # noqa: E402
from bot.views.blocks import Block, Message, Modal, bold  # noqa: E402
from bot.views.reasons import WORDS  # noqa: E402
from bot.views.welcome import welcome  # noqa: E402
from core import endings, errors, notices  # noqa: E402
from core.errors import BadArgument, Choice, Refusal, WhichWorkspace  # noqa: E402
from core.forgetting import Forgotten  # noqa: E402
from core.reminders.letters import Content, Owed, write  # noqa: E402
from core.reminders.rules import STEPS, Rules  # noqa: E402
from core.support import Case  # noqa: E402
from core.why_invoice import Coming  # noqa: E402
from scripts import examples as of  # noqa: E402
from scripts.drawing import drawn, drawn_modal, drawn_view  # noqa: E402
from storage.audit import Did  # noqa: E402
from storage.models import AuditEvent, ConnectionState, RunState, Trigger, Workspace  # noqa: E402
from storage.reminder_models import LetterState, Scope  # noqa: E402

PAGE = ROOT / "docs" / "messages.md"
HEAD = """# Messages

Made by `python scripts/messages_page.py` from the views themselves; a test sees that it is up to date and that nothing
is missing. What is told of a trouble, from its first word to its last, is in [alerts.md](alerts.md).

Answers to commands and buttons are seen by the person who asked; what everybody should know is a message in the
channel. Moments are shown in each reader's own time zone; here they are in UTC. No message calls a whole channel.
People are named only for what they did or asked for: where it says @somebody, a message in the channel has their name,
which calls nobody. An alert calls whom the settings name. Each message carries all its words as plain text too, for
screen readers and notifications: a test compares the two.
"""
NAME, NOON, ID, WHO = of.NAME, of.NOON, str(of.AN_ID), of.SOMEBODY

Shown = Message | Modal | Block
Chapter = dict[str, Shown]


def connecting() -> Chapter:
    link = "https://solido.example.com/xero/connect/…"
    return {
        "To who installed Solido": welcome([]),
        "To who installed it again": welcome(["C1", "C2"]),
        "`/solido connect`": connections.invitation(link, of.CHANNEL, writes=True, again=None, shared=False),
        "The same for another log-in, where Solido only reads and people of another company are in the channel": (
            connections.invitation(link, of.CHANNEL, writes=False, again=NAME, shared=True)
        ),
        "The same where all is well already": connections.already_connected(NAME, WHO, of.connection().connected_at),
        "To the channel, when it is connected": render(notices.Connected(NAME, WHO, again=False)),
        "To the channel, when it is connected again": render(notices.Connected(NAME, WHO, again=True)),
        "To who asked, when it came to nothing": render(notices.ConnectFailed("ConsentDenied", of.CHANNEL)),
        "The same, for the wrong organisation": render(notices.ConnectFailed("OtherOrganisation", of.CHANNEL, NAME)),
        "`/solido disconnect`": connections.confirm_disconnect(NAME, ID, of.CHANNEL),
        "After *Disconnect*": connections.disconnecting(NAME),
        "After *Cancel*": connections.cancelled(),
        "To the channel, when it is disconnected": render(notices.Disconnected(NAME, WHO)),
    }


def syncing() -> Chapter:
    first = {"trigger": Trigger.INITIAL, "first": True, "asked_by": None}
    done = {"added": 2, "changed": 1, "settled": 1, "books": of.BOOKS, "agreement": None}
    full = {"trigger": Trigger.RECONCILE, "books": of.BOOKS, "mended": 1, "set_aside": 1}
    nothing = {"books": of.NO_BOOKS, "asked_by": None}
    running = of.run(**of.RUNNING)
    return {
        "`/solido sync`": syncs.asked(NAME, of.CHANNEL, here=True),
        "`/solido sync full`, in another channel": syncs.asked(NAME, of.CHANNEL, here=False, full=True),
        "`/solido sync` during a sync": syncs.already_running(NAME, running),
        "`/solido sync full` during another sync": syncs.already_running(NAME, running, full=True),
        "The first sync is under way": render(of.sync(state=RunState.RUNNING, page=2, page_count=5, **first)),
        "The first sync is done": render(of.sync(books=of.BOOKS, **first)),
        "A sync somebody asked for is done": render(of.sync(**done)),
        "A sync that found nothing": render(of.sync(**nothing)),
        "A full one is done, and the books were compared": render(of.sync(agreement=of.AGREE, **full)),
        "A full one, and the books differ": render(of.sync(agreement=of.DIFFER, **full)),
        "A sync did not work": render(of.sync(state=RunState.FAILED, error="XeroUnavailable")),
        "Most calls of the day are used up": render(notices.QuotaLow(NAME, 912, 1000, 3600)),
    }


def told_of_status() -> Chapter:
    shown = {"daily_limit": 1000, "every": of.QUARTER, "now": NOON}
    odd = of.status(
        connection=of.connection(lacks_payments=True, stretched_to=3600),
        runs=[of.run(**of.RUNNING), of.run(**of.FAILED)],
        advise="XeroUnavailable",
        agreement=of.DIFFER,
        unapplied=of.UNAPPLIED,
        set_aside=of.set_aside()._replace(of=4),
    )
    gone = {"state": ConnectionState.DISCONNECTED, "next_sync_at": None}
    ended = of.connection(**gone, disconnected_by=WHO, disconnected_at=NOON)
    failed = of.run(**of.FAILED)
    return {
        "`/solido status`": status.status(of.status(), **shown),
        "The same where much is the matter": status.status(odd, **shown),
        "The same after disconnecting": status.status(of.status(connection=ended), **shown),
        "`/solido why`": why.why(of.connection(), of.run(), []),
        "`/solido why` after a failure": why.why(of.connection(), failed, []),
        "`/solido why` after disconnecting": why.why(ended, of.run(), []),
        "`/solido history`": history.history(
            [
                AuditEvent(workspace_id=of.AN_ID, at=NOON, who=WHO, what="asked for a sync"),
                AuditEvent(workspace_id=of.AN_ID, at=NOON, who=WHO, what="hold placed", detail="INV-0042"),
                AuditEvent(workspace_id=of.AN_ID, at=NOON, who=WHO, what=Did.RULES_CHANGED, detail=of.NEW_RULES),
                AuditEvent(workspace_id=of.AN_ID, at=NOON, who=WHO, what=Did.SETTINGS_CHANGED, detail=of.CHANGES),
                AuditEvent(workspace_id=of.AN_ID, at=NOON, who=WHO, what="connected", detail=NAME),
            ]
        ),
        "The same before anybody has done anything": history.history([]),
    }


def reminding() -> Chapter:
    def plan(**more: object) -> Message:
        usual = {"outlook": of.outlook(), "plan": of.plan(), "sent": [of.letter()], "may_decide": True, "mail": True}
        return reminder_views.plan(reminder_views.Shown(workspace_id=ID, now=NOON, **{**usual, **more}))

    paused = of.outlook(holds=(of.hold(until_on=date(2026, 12, 4)),))
    blocked = of.outlook(started=False, reminds=True, lacks_payments=True, state=ConnectionState.RECONNECT_NEEDED)
    sample = Content("Northgate Bakery", NAME, NAME, (owed(),), of.TODAY)
    words = write(STEPS[2], sample)
    return {
        "`/solido reminders`": plan(),
        "The same before they are started, with all that stands in the way": plan(outlook=blocked, mail=False),
        "The same while they are paused, to who may not decide": plan(outlook=paused, may_decide=False),
        "After *Start reminders*, where Xero sends its own": reminder_views.before_start(NAME, ID, reminds=True),
        "The same where that is not known": reminder_views.before_start(NAME, ID, reminds=None),
        "After *Rules*": forms.rules(ID, Rules(minimums={"GBP": Decimal("5.00")}), writes=True),
        "After *Letters*": reminder_views.letters_menu(
            ID, [(one.days, one.subject) for one in Rules().letters], thanks=False
        ),
        "A letter": forms.letter(ID, STEPS[2], words, note=reminder_views.test_result("sent"), address="a@example.com"),
        "After *Pause all*": forms.pause(ID),
        "After *Hold something*, and `/solido hold`": forms.hold(ID),
        "A short answer, here after *Resume now*": Message.of(
            f"Reminders of {bold(NAME)} go on. Of what was missed only the latest step goes out."
        ),
        "`/solido why INV-0042`": why_invoice.story(of.story(), ID),
        "The same for an invoice that is on hold": why_invoice.story(held_story(), ID),
        "To the channel: reminders were started": render(notices.RemindersDecided(NAME, "started", WHO)),
        "To the channel: paused": render(notices.RemindersDecided(NAME, "paused", WHO, date(2026, 12, 4))),
        "To the channel: resumed": render(notices.RemindersDecided(NAME, "resumed", WHO)),
    }


def owed() -> Owed:
    return Owed("INV-0042", date(2026, 11, 13), Decimal("780.00"), Decimal("780.00"), "GBP")


def held_story() -> of.Story:
    about = {"scope": Scope.INVOICE, "target": str(of.ANOTHER_ID), "until_on": date(2026, 12, 12)}
    placed = of.hold(**about, reason="disputed", note="the delivery was short")
    return of.story(coming=Coming(held=of.DISPUTE, until=date(2026, 12, 12)), holds=[placed])


def letters() -> Chapter:
    numbers = ["INV-0042", "INV-0051"]
    about = {"workspace_id": of.AN_ID, "letter_id": of.AN_ID, "customer": "Northgate Bakery", "numbers": numbers}

    def letter(state: str, **more: object) -> Message:
        return render(notices.LetterTold(state=state, at=NOON, **{**about, **more}))

    asked = notices.CreditAsked(of.AN_ID, of.AN_ID, "Northgate Bakery", {"GBP": Decimal("250.00")})
    answered = {"workspace_id": of.AN_ID, "contact_id": of.AN_ID, "customer": asked.customer, "credit": asked.credit}
    return {
        "A day's letters": render(notices.RemindersTold(NAME, of.TODAY, 6, 9, 2, 1)),
        "The mail server refused a letter": letter(LetterState.BOUNCED),
        "It refused one of several addresses": letter(LetterState.SENT, bounced=["old@example.com"]),
        "Nobody knows what became of a letter": letter(LetterState.UNKNOWN),
        "Somebody said that it went": letter(LetterState.SENT, decided_by=WHO),
        "Somebody said that it did not": letter(LetterState.NOT_SENT, decided_by=WHO),
        "A customer has credit": render(asked),
        "Somebody decided to send": render(notices.CreditAsked(**answered, answer="send", answered_by=WHO)),
        "Somebody decided to hold": render(notices.CreditAsked(**answered, answer="hold", answered_by=WHO)),
        "After *Ask the bookkeeper*": forms.ask_whom(ID),
        "A customer wants no more letters": render(notices.Unsubscribed(of.AN_ID, of.AN_ID, "Northgate Bakery")),
    }


def set_back() -> Chapter:
    return {"To the channel, after an old backup was restored": render(notices.Restored(NAME, NOON))}


def at_a_glance() -> Chapter:
    week = notices.Digest(
        organisation=NAME,
        since=NOON - timedelta(days=7),
        syncs=672,
        failed=1,
        troubles=1,
        going_on=["PermissionEnded"],
        paid=of.PAID,
        books=of.BOOKS,
        ages=of.AGES,
        letters=6,
        held=2,
        unsure_letters=1,
        credit_questions=1,
        set_aside=1,
    )
    calm = {"syncs": 672, "failed": 0, "troubles": 0, "going_on": [], "paid": [], "letters": 0, "held": 0}
    quiet = notices.Digest(organisation=NAME, since=week.since, books=of.NO_BOOKS, ages=[], **calm)
    new = of.dashboard(connection=None, books=None)
    return {
        "The app's Home": home.home([(of.dashboard(), True)], daily_limit=1000, now=NOON),
        "The same for a channel that is not connected": home.home([(new, True)], daily_limit=1000, now=NOON),
        "The same before anything is connected": home.home([], daily_limit=1000, now=NOON),
        "The same for guests and people of other companies": home.closed(),
        "`/solido settings`": settings.form(
            ID, of.preferences(), channel_id="C1", admins=[], organisation=bold(NAME), usual=of.QUARTER
        ),
        "After *Save*": settings.saved(),
        "The same, for a channel with people of another company": settings.saved(to_shared="C1"),
        "`/solido settings mention @finance`": settings.mentioning([of.GROUP]),
        "`/solido settings mention nobody`": settings.mentioning([]),
        "Every Monday, to the channel": render(week),
        "The same after a calm week": render(quiet),
    }


def helping() -> Chapter:
    case = Case(
        Workspace(id=of.AN_ID, team_id=of.AN_ID, channel_id="C1", created_by=WHO, created_at=NOON),
        of.connection(),
        [],
        [of.run(**of.FAILED)],
        [AuditEvent(workspace_id=of.AN_ID, at=NOON, who=WHO, what="asked for a sync")],
        frozenset(),
    )
    text = support.report(case, now=NOON)
    whole = support.report(case, now=NOON, description="The sync does not end.")
    choices = [Choice(UUID(int=n), f"C{n}", name) for n, name in enumerate((NAME, "Seaview Trading"))]
    answer = syncs.asked(NAME, of.CHANNEL, here=True)
    return {
        "`/solido help`": help.help_text(SAYS),
        "What is not understood": help.help_text({}, above=help.not_understood("snyc", "sync")),
        "Which channel?": help.refusal(WhichWorkspace(choices), command="status"),
        "A word that is not understood": help.refusal(BadArgument("I know no invoice INV-9999.")),
        "An answer that takes longer": help.on_it(),
        "A mistake of ours": help.broken("1a2b3c4d"),
        "What nobody could be told, above the next answer": missed.above(
            answer, of.CHANNEL, [render(notices.Connected(NAME, WHO, again=False)).text]
        ),
        "`/solido support`": support.form(text, private=ID),
        "Before it is sent": support.to_be_sent(whole, private=ID),
        "After *Send*": support.on_its_way(),
        "Where no mail is set up": support.to_be_copied(whole, address="help@example.com"),
    }


def troubled() -> Chapter:
    return {
        "After *Snooze*": troubles.snoozed(NAME, "tomorrow, 9:00"),
        "After *No longer*": troubles.awake(),
        "After *I'm on it*": troubles.taken(NAME),
        "After a button on a card whose trouble is over": troubles.over_already(NAME),
        "In the thread: a snooze is over": render(
            notices.TroubleAloud(NAME, "xero_unreachable", "woke", 4, 3600, by=WHO)
        ),
        "In the thread: all is well again": render(
            notices.TroubleAloud(NAME, "xero_unreachable", "recovered", 4, 3600, released=12)
        ),
        "In the thread: the story": render(
            notices.TroubleStory(
                NAME,
                [
                    notices.Happened(NOON, "failed", error="XeroUnavailable"),
                    notices.Happened(NOON, "taken", by=WHO),
                    notices.Happened(NOON, "recovered"),
                ],
                [notices.Tried(NOON, Trigger.SCHEDULED), notices.Tried(NOON, Trigger.SCHEDULED, "XeroUnavailable")],
            )
        ),
        "In place of a card of which there is a newer one": render(notices.Moved(NAME)),
    }


def ending() -> Chapter:
    def soon(what: str, *, reconnect: bool = False) -> Message:
        return render(notices.Expiring(NAME, of.AN_ID, of.CHANNEL, what, NOON + timedelta(days=7), reconnect))

    return {
        "The permission, to who connected": soon(endings.PERMISSION),
        "The same where somebody has to reconnect": soon(endings.PERMISSION, reconnect=True),
        "Webhooks": soon(endings.WEBHOOKS),
        "The sealing key": soon(endings.KEY),
    }


def leaving() -> Chapter:
    rows = {"invoice": 340, "contact": 61, "sync_run": 812, "letter": 48, "audit_event": 1, "cursor": 3}
    return {
        "After an export": data.exported(NAME),
        "Before everything is deleted": data.confirm(NAME, private="{}"),
        "It is deleted": data.gone(Forgotten(NAME, of.CHANNEL, rows, True)),
        "It is deleted, and Xero could not be told": data.gone(Forgotten(NAME, of.CHANNEL, rows, False)),
    }


CHAPTERS = {
    "Connecting": connecting,
    "Syncs": syncing,
    "How it goes": told_of_status,
    "Reminders": reminding,
    "Letters, to the channel": letters,
    "At a glance, and settings": at_a_glance,
    "After a restore": set_back,
    "Getting help": helping,
    "Around a trouble": troubled,
    "What ends soon": ending,
    "Taking everything along, and deleting it": leaving,
}


def shown() -> list[tuple[str, str, Shown]]:
    """Every message, dialog and view: its chapter, when it is seen, and itself."""
    return [(name, when, it) for name, chapter in CHAPTERS.items() for when, it in chapter().items()]


def picture(it: Shown) -> str:
    match it:
        case Message():
            return drawn(it)
        case Modal():
            return drawn_modal(it)
    return drawn_view(it)


def refusals() -> list[tuple[str, Advice]]:
    """What is said where something cannot be done; a word that is not understood has an example of its own."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)]
    return [(kind.__name__, ADVICE[kind.__name__]) for kind in kinds if kind.__name__ in ADVICE]


def page() -> str:
    parts, last = [HEAD], ""
    for chapter, when, it in shown():
        if chapter != last:
            parts.append(f"## {chapter}")
            last = chapter
        parts += [f"{when}:", picture(it)]
    parts.append("## What cannot be done")
    parts += [f"> {f'{why.said} {why.do}'.strip().replace('*', '**')}" for _name, why in refusals()]
    parts.append("## Why a reminder is held")
    parts.append("\n".join(f"- {words}" for words in WORDS.values()))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
