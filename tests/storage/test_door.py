"""A workspace's door opens on its own rows only. Each method behind it is tried from next door."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from storage.database import Database
from storage.mirror_models import Contact, Cursor, Invoice, SetAside
from storage.models import (
    AuditEvent,
    ConnectAttempt,
    Connection,
    ConnectionState,
    Incident,
    OutboxMessage,
    Resource,
    SupportRequest,
    SyncRun,
    Trigger,
)
from storage.reminder_models import (
    CreditQuestion,
    Hold,
    Letter,
    LetterState,
    PayLink,
    Reminder,
    ReminderPolicy,
    Scope,
    Unsubscribed,
    Verdict,
)
from storage.runs import Figures, RunTotals, Stand
from storage.set_aside import FirstOf
from storage.slack_models import Preferences, WorkspaceAdmin
from storage.store import WorkspaceStore
from storage.unapplied_models import Unapplied
from storage.webhook_models import WebhookEvent
from tests.builders import NOW, a_contact_row, a_team, a_workspace, an_invoice_row

beside_others = pytest.mark.asyncio(loop_scope="session")

EARLIER = NOW - timedelta(days=1)
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(days=1)
REFUSED = "refused by the schema"
Rows = dict[str, set[str]]
"""Each table's rows, as they print."""


@dataclass(frozen=True)
class Household:
    """A workspace with a row of every kind."""

    workspace_id: UUID
    team_id: UUID
    connection: Connection
    run: SyncRun
    invoice: Invoice
    contact: Contact
    incident: Incident
    message: OutboxMessage
    attempt: ConnectAttempt
    request: SupportRequest
    letter: Letter


async def a_household(database: Database) -> Household:
    team_id = await a_team(database, slack_team_id="T-THEIRS")
    mine = {"workspace_id": await a_workspace(database, team_id=team_id)}
    connection = Connection(
        **mine,
        id=uuid4(),
        tenant_id=str(uuid4()),
        tenant_name="Acme",
        xero_connection_id="x",
        connected_by="U1",
        connected_at=NOW,
        refresh_lease_until=NOW - timedelta(minutes=1),
    )
    ours = mine | {"connection_id": connection.id}
    owing = uuid4()
    home = Household(
        mine["workspace_id"],
        team_id,
        connection,
        run=SyncRun(**ours, trigger=Trigger.MANUAL, queued_at=NOW, started_at=NOW, attempt=1, calls=7),
        invoice=Invoice(**mine, **an_invoice_row(connection.id, contact_id=owing)),
        contact=Contact(**mine, **a_contact_row(connection.id)),
        incident=Incident(**ours, cause="ours", error="E", opened_at=NOW, last_failure_at=NOW),
        message=OutboxMessage(**mine, card="card", notice="{}", created_at=NOW, next_attempt_at=NOW, missed_at=NOW),
        attempt=ConnectAttempt(**mine, link_hash=str(uuid4()), asked_by="U1", created_at=NOW, expires_at=LATER),
        request=SupportRequest(**mine, asked_by="U1", created_at=NOW, text="help"),
        letter=a_letter(ours, contact_id=uuid4()),
    )
    async with database.unscoped() as unscoped:
        unscoped.session.add(connection)
        await unscoped.session.flush()
        unscoped.session.add_all(
            [home.run, home.invoice, home.contact, home.incident, home.message, home.attempt, home.request]
        )
        unscoped.session.add_all(
            [
                Cursor(**ours, resource=Resource.INVOICES, since=NOW),
                SetAside(**ours, resource=Resource.INVOICES, record="r1", reason="odd", since_at=NOW),
                SyncRun(
                    **ours, trigger=Trigger.INITIAL, queued_at=NOW - timedelta(1), finished_at=NOW, state="succeeded"
                ),
                Incident(
                    **ours,
                    cause="books_differ",
                    error="E",
                    opened_at=NOW,
                    last_failure_at=NOW,
                    told_at=NOW,
                    closed_at=NOW,
                    ending="recovered",
                ),
                AuditEvent(**mine, at=NOW, who="U1", what="connected"),
                Invoice(**mine, **a_paid_invoice(connection.id)),
                a_letter(ours, contact_id=uuid4(), state=LetterState.UNKNOWN),
                WorkspaceAdmin(**mine, user_id="U1", added_by="U1", added_at=NOW),
                Preferences(**mine, quiet_from="20:00"),
                Unapplied(**ours, **a_paper(home)),
                WebhookEvent(**ours, resource_id=uuid4(), happened="2026", category="INVOICE", received_at=NOW),
                SyncRun(
                    **ours,
                    trigger=Trigger.SCHEDULED,
                    state="succeeded",
                    queued_at=NOW,
                    finished_at=NOW,
                    calls=9,
                    bytes=9,
                    agreement="{}",
                ),
                home.letter,
                a_letter(ours, contact_id=uuid4(), state=LetterState.REFUSED),
                ReminderPolicy(**mine, started_by="U1"),
                Hold(**mine, scope=Scope.INVOICE, target="T", reason="other", placed_by="U1", placed_at=NOW),
            ]
        )
        await unscoped.session.flush()
        told = {"contact_id": home.contact.contact_id}
        about = {"invoice_id": home.invoice.invoice_id}
        unscoped.session.add_all(
            [
                a_reminder(home, **mine),
                Unsubscribed(**mine, **told, at=NOW),
                CreditQuestion(**mine, **told, asked_at=NOW),
                PayLink(**mine, **about, url_sealed=b"s"),
                Verdict(**mine, **about, at=NOW, told="{}", reasons=["held"]),
            ]
        )
    return home


def a_paid_invoice(connection_id: UUID) -> dict[str, Any]:
    paid = {"status": "PAID", "amount_paid": Decimal(100), "fully_paid_on": NOW.date()}
    return an_invoice_row(connection_id, amount_due="0", **paid)


def a_letter(ours: dict[str, Any], **about: Any) -> Letter:
    return Letter(**ours, **about, goes_on=NOW.date(), unsubscribe_hash=uuid4().hex, claimed_at=NOW)


def a_reminder(home: Household, **mine: Any) -> Reminder:
    about = {"letter_id": home.letter.id, "invoice_id": home.invoice.invoice_id, "due_on": NOW.date()}
    return Reminder(**mine, **about, step=0, currency="GBP", amount_due=Decimal(1))


async def claimed(store: WorkspaceStore, home: Household) -> bool:
    """A letter in our name about an invoice of ours."""
    ids = {"workspace_id": home.workspace_id, "connection_id": home.connection.id}
    reminder = a_reminder(home, workspace_id=home.workspace_id)
    reminder.step = 7
    return await store.letters.claim(a_letter(ids, contact_id=uuid4()), [reminder])


async def started_by(store: WorkspaceStore) -> str | None:
    return (await store.reminders.policy()).started_by


async def a_hold(store: WorkspaceStore) -> None:
    await store.holds.place(Scope.INVOICE, "T2", label="", reason="other", by="U2", now=NOW)


def a_paper(home: Household) -> dict[str, Any]:
    """A credit note, for unapplied.put()."""
    return {
        "paper_id": uuid4(),
        "kind": "credit_note",
        "number": "CN-1",
        "contact_id": home.contact.contact_id,
        "currency": "EUR",
        "remaining": Decimal(5),
        "issued_on": None,
        "updated_at": NOW,
        "confirmed_by": None,
    }


def forged_connection(home: Household) -> Connection:
    return Connection(
        workspace_id=home.workspace_id,
        tenant_id="other",
        tenant_name="Forged",
        state=ConnectionState.DISCONNECTED,
        xero_connection_id="x",
        connected_by="U2",
        connected_at=NOW,
    )


def forged_incident(home: Household) -> Incident:
    ids = {"workspace_id": home.workspace_id, "connection_id": home.connection.id}
    return Incident(**ids, cause="forged", error="E", opened_at=NOW, last_failure_at=NOW)


async def end_connection(store: WorkspaceStore, home: Household) -> bool:
    """Forgetting tokens is for ended connections: end it where it can be reached, then forget."""
    connection = await store.connections.get(home.connection.id)
    if connection is not None:
        connection.state = ConnectionState.DISCONNECTED
    return await store.connections.forget_tokens(home.connection.id, version=0)


def adds_request(store: WorkspaceStore) -> None:
    store.support.add("forged", by="U2", now=NOW)


async def claim_request(store: WorkspaceStore, home: Household) -> bool:
    await store.support.send(home.request.id, by="U1", now=NOW)
    return await store.support.claim(home.request.id, now=NOW, until=SOON)


async def quiet_hours(store: WorkspaceStore) -> str:
    return (await store.preferences.get()).quiet_from


async def changed_theirs(store: WorkspaceStore, home: Household) -> bool:
    await store.about.changed(now=LATER)
    theirs = WorkspaceStore(store.session, home.workspace_id)
    return (await theirs.about.get()).changed_at == LATER


async def moved_theirs(store: WorkspaceStore, home: Household) -> bool:
    await store.about.move("C-FORGED")
    theirs = WorkspaceStore(store.session, home.workspace_id)
    return (await theirs.about.get()).channel_id == "C-FORGED"


async def is_theirs(found: Awaitable[Any], theirs: UUID) -> bool:
    return (await found).id == theirs


@dataclass(frozen=True)
class Reach:
    """A call that finds or changes something in its own workspace, and what it answers a stranger."""

    call: Callable[[WorkspaceStore, Household], Any]
    stranger: object


REACHES = {
    "about.get": Reach(lambda s, h: is_theirs(s.about.get(), h.workspace_id), False),
    "about.team": Reach(lambda s, h: is_theirs(s.about.team(), h.team_id), False),
    "connections.add": Reach(lambda s, h: s.connections.add(forged_connection(h)), None),
    "connections.get": Reach(lambda s, h: s.connections.get(h.connection.id), None),
    "connections.lock": Reach(lambda s, h: s.connections.lock(h.connection.id), False),
    "connections.take": Reach(lambda s, h: s.connections.take(h.connection.id), None),
    "connections.latest": Reach(lambda s, _: s.connections.latest(), None),
    "connections.take_refresh": Reach(
        lambda s, h: s.connections.take_refresh(h.connection.id, version=0, now=NOW, until=SOON), False
    ),
    "connections.save_tokens": Reach(
        lambda s, h: s.connections.save_tokens(h.connection.id, version=0, access=b"a", refresh=b"r", expires_at=LATER),
        False,
    ),
    "connections.release_refresh": Reach(lambda s, h: s.connections.release_refresh(h.connection.id, version=0), None),
    "connections.forget_tokens": Reach(end_connection, False),
    "attempts.add": Reach(
        lambda s, _: s.attempts.add(link_hash=str(uuid4()), asked_by="U2", now=NOW, expires_at=LATER), None
    ),
    "attempts.get": Reach(lambda s, h: s.attempts.get(h.attempt.id), None),
    "attempts.open": Reach(
        lambda s, h: s.attempts.open(
            h.attempt.id, state_hash=str(uuid4()), browser_hash="b", verifier_sealed=b"v", now=NOW
        ),
        False,
    ),
    "attempts.returned": Reach(lambda s, h: s.attempts.returned(h.attempt.id, now=NOW), False),
    "attempts.keep_grant": Reach(
        lambda s, h: s.attempts.keep_grant(h.attempt.id, b"g", now=NOW, expires_at=LATER), False
    ),
    "attempts.void": Reach(lambda s, _: s.attempts.void(now=NOW), None),
    "attempts.finish": Reach(lambda s, h: s.attempts.finish(h.attempt.id, now=NOW), False),
    "runs.add": Reach(lambda s, h: s.runs.add(h.connection.id, Trigger.MANUAL, now=NOW), REFUSED),
    "runs.get": Reach(lambda s, h: s.runs.get(h.run.id), None),
    "runs.unfinished": Reach(lambda s, h: s.runs.unfinished(h.connection.id), None),
    "runs.start": Reach(lambda s, h: s.runs.start(h.run.id, now=NOW), None),
    "runs.write": Reach(lambda s, h: s.runs.write(h.run.id, attempt=1, page=9), False),
    "runs.write_last": Reach(lambda s, h: s.runs.write_last(h.run.id, attempt=1, page=9), False),
    "runs.give_up": Reach(lambda s, h: s.runs.give_up(h.connection.id, error="E", now=NOW), None),
    "runs.last_started_at": Reach(lambda s, h: s.runs.last_started_at(h.connection.id), None),
    "runs.succeeded_before": Reach(lambda s, h: s.runs.succeeded_before(h.run), False),
    "runs.stand": Reach(lambda s, _: s.runs.stand(), Stand(0, 0, 0, 0, 0, 0, None)),
    "runs.latest": Reach(lambda s, _: s.runs.latest(9), []),
    "runs.last_agreement": Reach(lambda s, h: s.runs.last_agreement(h.connection.id), None),
    "runs.automatic_cost": Reach(lambda s, _: s.runs.automatic_cost(since=NOW), 2.0),
    "runs.figures": Reach(
        lambda s, _: s.runs.figures(today=EARLIER, month=EARLIER, a_day_ago=EARLIER),
        Figures(RunTotals(0, 0, 0), 0, 0, 2.0),
    ),
    "runs.totals": Reach(lambda s, _: s.runs.totals(), RunTotals(0, 0, 0)),
    "runs.calls_since": Reach(lambda s, _: s.runs.calls_since(NOW), 0),
    "cursors.get": Reach(lambda s, h: s.cursors.get(h.connection.id, Resource.INVOICES), REFUSED),
    "cursors.move": Reach(
        lambda s, h: s.cursors.move(
            Cursor(workspace_id=s.id, connection_id=h.connection.id, resource=Resource.INVOICES, since=LATER)
        ),
        None,
    ),
    "cursors.start_over": Reach(lambda s, h: s.cursors.start_over(h.connection.id), None),
    "invoices.put": Reach(
        lambda s, h: s.invoices.put(
            [an_invoice_row(h.connection.id, invoice_id=h.invoice.invoice_id, amount_due="1.00")]
        ),
        REFUSED,
    ),
    "invoices.known": Reach(lambda s, h: s.invoices.known([h.invoice.invoice_id]), {}),
    "invoices.stored": Reach(lambda s, h: s.invoices.stored([h.invoice.invoice_id]), {}),
    "invoices.unconfirmed": Reach(lambda s, _: s.invoices.unconfirmed(uuid4(), 9), {}),
    "invoices.gone": Reach(lambda s, h: s.invoices.gone([h.invoice.invoice_id], confirmed_by=uuid4()), None),
    "invoices.any": Reach(lambda s, _: s.invoices.any(), False),
    "invoices.held": Reach(lambda s, _: s.invoices.held(confirmed_by=uuid4()), ({}, {})),
    "invoices.outstanding": Reach(lambda s, _: s.invoices.outstanding(), []),
    "invoices.get": Reach(lambda s, h: s.invoices.get(h.invoice.invoice_id), None),
    "invoices.totals": Reach(lambda s, _: s.invoices.totals(today=date(2026, 3, 2)), []),
    "invoices.customers": Reach(lambda s, _: s.invoices.customers(), 0),
    "contacts.put": Reach(
        lambda s, h: s.contacts.put([a_contact_row(h.connection.id, contact_id=h.contact.contact_id, name="Forged")]),
        REFUSED,
    ),
    "contacts.known": Reach(lambda s, h: s.contacts.known([h.contact.contact_id]), {}),
    "contacts.owing": Reach(lambda s, _: s.contacts.owing(9), []),
    "contacts.known_or_owed": Reach(
        lambda s, h: s.contacts.known_or_owed([h.contact.contact_id, h.invoice.contact_id]), set()
    ),
    "contacts.missing": Reach(lambda s, _: s.contacts.missing(9), []),
    "contacts.all": Reach(lambda s, _: s.contacts.all(), []),
    "contacts.count": Reach(lambda s, _: s.contacts.count(), 0),
    "unapplied.put": Reach(lambda s, h: s.unapplied.put([a_paper(h)], connection_id=h.connection.id), REFUSED),
    "unapplied.sweep": Reach(lambda s, _: s.unapplied.sweep("credit_note", confirmed_by=uuid4()), None),
    "unapplied.by_contact": Reach(lambda s, _: s.unapplied.by_contact(), []),
    "webhook_events.put": Reach(
        lambda s, h: s.webhook_events.put(h.connection.id, uuid4(), "INVOICE", "2027", now=NOW), REFUSED
    ),
    "webhook_events.waiting": Reach(lambda s, h: s.webhook_events.waiting(h.connection.id, 9), []),
    "webhook_events.handled": Reach(lambda s, h: s.webhook_events.handled(h.connection.id, until=LATER, now=NOW), None),
    "set_aside.put": Reach(
        lambda s, h: s.set_aside.put(
            h.connection.id, Resource.INVOICES, record="r1", label="", reason="forged", now=NOW
        ),
        REFUSED,
    ),
    "set_aside.clear": Reach(lambda s, _: s.set_aside.clear(Resource.INVOICES, ["r1"]), None),
    "set_aside.count": Reach(lambda s, _: s.set_aside.count(), 0),
    "set_aside.first": Reach(lambda s, _: s.set_aside.first(9), FirstOf([], 0)),
    "incidents.add": Reach(lambda s, h: s.incidents.add(forged_incident(h)), REFUSED),
    "incidents.open": Reach(lambda s, h: s.incidents.open(h.connection.id), []),
    "incidents.newest": Reach(lambda s, h: s.incidents.newest(h.connection.id, "ours"), None),
    "incidents.ended_since": Reach(lambda s, h: s.incidents.ended_since(h.connection.id, NOW, ending="recovered"), []),
    "incidents.get": Reach(lambda s, h: s.incidents.get(h.incident.id), None),
    "outbox.tell": Reach(lambda s, _: s.outbox.tell("card", "forged", now=NOW), None),
    "outbox.claim": Reach(lambda s, h: s.outbox.claim(h.message.id, now=NOW, until=SOON), None),
    "outbox.still_ours": Reach(lambda s, h: s.outbox.still_ours(h.message), False),
    "outbox.told": Reach(
        lambda s, h: s.outbox.told(h.message.id, version=1, channel_id="C", message_ts="1", now=NOW, next_at=SOON),
        None,
    ),
    "outbox.postpone": Reach(lambda s, h: s.outbox.postpone(h.message.id, error="E", until=LATER), None),
    "outbox.post_anew": Reach(lambda s, h: s.outbox.post_anew(h.message.id, error="E", now=LATER), None),
    "outbox.drop": Reach(lambda s, h: s.outbox.drop(h.message.id, error="E", version=1), None),
    "outbox.silence": Reach(lambda s, _: s.outbox.silence(error="E"), None),
    "outbox.go_round": Reach(
        lambda s, h: s.outbox.go_round(h.message.id, step=1, error="E", now=NOW, next_at=LATER), None
    ),
    "outbox.stuck": Reach(lambda s, h: s.outbox.stuck(h.message.id, error="E", until=LATER, now=NOW), None),
    "outbox.tell_once": Reach(lambda s, _: s.outbox.tell_once("once", "{}", now=NOW, to="U1"), None),
    "outbox.missed": Reach(lambda s, _: s.outbox.missed(), []),
    "outbox.mentioned": Reach(lambda s, h: s.outbox.mentioned(h.message.id, now=NOW), None),
    "outbox.found": Reach(lambda s, _: s.outbox.found("card", channel_id="C", message_ts="1", now=LATER), None),
    "outbox.found_as": Reach(
        lambda s, _: s.outbox.found_as("moved", "forged", channel_id="C", message_ts="1", now=NOW), None
    ),
    "outbox.get": Reach(lambda s, _: s.outbox.get("card"), None),
    "support.add": Reach(lambda s, h: adds_request(s), None),
    "support.get": Reach(lambda s, h: s.support.get(h.request.id), None),
    "support.send": Reach(lambda s, h: s.support.send(h.request.id, by="U1", now=NOW), False),
    "support.claim": Reach(claim_request, False),
    "support.sent": Reach(lambda s, h: s.support.sent(h.request.id, now=NOW), None),
    "invoices.customer_names": Reach(lambda s, _: s.invoices.customer_names(), []),
    "invoices.settled": Reach(lambda s, _: s.invoices.settled(EARLIER.date(), LATER.date()), []),
    "invoices.by_number": Reach(lambda s, h: s.invoices.by_number(h.invoice.number), []),
    "contacts.get": Reach(lambda s, h: s.contacts.get(h.contact.contact_id), None),
    "letters.claim": Reach(claimed, False),
    "letters.refused_since": Reach(lambda s, _: s.letters.refused_since(EARLIER), set()),
    "letters.finish": Reach(lambda s, h: s.letters.finish(h.letter.id, LetterState.SENT, now=NOW), False),
    "letters.take_note": Reach(lambda s, h: s.letters.take_note(h.letter.id, now=NOW), False),
    "letters.get": Reach(lambda s, h: s.letters.get(h.letter.id), None),
    "letters.reminders": Reach(lambda s, h: s.letters.reminders([h.letter.id]), []),
    "letters.steps": Reach(lambda s, _: s.letters.steps(), []),
    "letters.days_since": Reach(lambda s, _: s.letters.days_since(EARLIER.date()), []),
    "letters.count_since": Reach(lambda s, _: s.letters.count_since(EARLIER), 0),
    "letters.of_day": Reach(lambda s, _: s.letters.of_day(NOW.date()), []),
    "letters.latest": Reach(lambda s, _: s.letters.latest(9), []),
    "letters.of_invoice": Reach(lambda s, h: s.letters.of_invoice(h.invoice.invoice_id), []),
    "holds.place": Reach(lambda s, _: a_hold(s), None),
    "holds.release": Reach(lambda s, _: s.holds.release(Scope.INVOICE, "T", by="U2", now=NOW), False),
    "holds.live": Reach(lambda s, _: s.holds.live(), []),
    "holds.of": Reach(lambda s, _: s.holds.of(["T"]), []),
    "reminders.policy": Reach(lambda s, _: started_by(s), None),
    "reminders.decide": Reach(lambda s, _: s.reminders.decide(started_by="U2"), None),
    "reminders.told_today": Reach(lambda s, _: s.reminders.told_today(NOW.date()), False),
    "reminders.unsubscribed": Reach(lambda s, _: s.reminders.unsubscribed(), set()),
    "reminders.unsubscribe": Reach(lambda s, h: s.reminders.unsubscribe(h.contact.contact_id, now=LATER), None),
    "reminders.subscribe": Reach(lambda s, h: s.reminders.subscribe(h.contact.contact_id), None),
    "reminders.pay_links": Reach(lambda s, h: s.reminders.pay_links([h.invoice.invoice_id]), {}),
    "reminders.keep_pay_link": Reach(lambda s, h: s.reminders.keep_pay_link(h.invoice.invoice_id, b"f"), None),
    "reminders.credit_questions": Reach(lambda s, _: s.reminders.credit_questions(), {}),
    "reminders.credit_question": Reach(lambda s, h: s.reminders.credit_question(h.contact.contact_id), None),
    "reminders.ask_about_credit": Reach(
        lambda s, h: s.reminders.ask_about_credit(h.contact.contact_id, "Forged", {"GBP": "1"}, now=NOW), None
    ),
    "reminders.decided": Reach(
        lambda s, h: s.reminders.decided(
            [{"invoice_id": h.invoice.invoice_id, "at": LATER, "told": "f", "reasons": []}]
        ),
        None,
    ),
    "reminders.held_since": Reach(lambda s, _: s.reminders.held_since(EARLIER), set()),
    "reminders.verdict": Reach(lambda s, h: s.reminders.verdict(h.invoice.invoice_id), None),
    "invoices.paid_since": Reach(lambda s, _: s.invoices.paid_since(EARLIER.date()), []),
    "incidents.told_since": Reach(lambda s, _: s.incidents.told_since(EARLIER), 0),
    "letters.unsure": Reach(lambda s, _: s.letters.unsure(), 0),
    "invoices.everything": Reach(lambda s, _: s.invoices.everything(), []),
    "runs.everything": Reach(lambda s, _: s.runs.everything(), []),
    "letters.everything": Reach(lambda s, _: s.letters.everything(), []),
    "letters.all_reminders": Reach(lambda s, _: s.letters.all_reminders(), []),
    "audit.everything": Reach(lambda s, _: s.audit.everything(), []),
    "everything.forget": Reach(lambda s, _: s.everything.forget(), {}),
    "invoices.ages": Reach(lambda s, _: s.invoices.ages(today=LATER.date()), []),
    "about.changed": Reach(lambda s, h: changed_theirs(s, h), False),
    "about.move": Reach(lambda s, h: moved_theirs(s, h), False),
    "preferences.get": Reach(lambda s, _: quiet_hours(s), ""),
    "preferences.save": Reach(lambda s, _: s.preferences.save(Preferences(workspace_id=s.id, quiet_from="9")), None),
    "preferences.digest_due": Reach(lambda s, _: s.preferences.digest_due(LATER), None),
    "audit.add": Reach(lambda s, _: s.audit.add("U2", "looked", at=NOW), None),
    "audit.latest": Reach(lambda s, _: s.audit.latest(9), []),
    "admins.all": Reach(lambda s, _: s.admins.all(), set()),
    "admins.replace": Reach(lambda s, _: s.admins.replace({"U2"}, by="U2", now=NOW), None),
}


def parts_of(store: WorkspaceStore) -> dict[str, object]:
    return {name: part for name, part in vars(store).items() if name not in ("session", "id")}


def public_methods() -> set[str]:
    """As `runs.start`: what can be called behind the door."""
    parts = parts_of(WorkspaceStore(None, uuid4()))  # type: ignore[arg-type]
    return {
        f"{name}.{method}"
        for name, part in parts.items()
        for method, _ in inspect.getmembers(type(part), callable)
        if not method.startswith("_")
    }


async def answer(database: Database, workspace_id: UUID, reach: Reach, home: Household) -> object:
    try:
        async with database.workspace(workspace_id) as store:
            result = reach.call(store, home)
            return await result if inspect.isawaitable(result) else result
    except IntegrityError:
        return REFUSED


async def rows_of(database: Database, workspace_id: UUID) -> Rows:
    """Everything a workspace has."""
    tables: list[Table] = [table for table in SQLModel.metadata.sorted_tables if "workspace_id" in table.c]
    async with database.engine.connect() as connection:
        return {
            table.name: {
                repr(row) for row in await connection.execute(select(table).where(table.c.workspace_id == workspace_id))
            }
            for table in tables
        }


def test_every_method_behind_the_door_is_tried_here():
    assert public_methods() == set(REACHES)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def neighbour(shared_database: Database) -> tuple[Household, Rows]:
    """Whom strangers try to reach, and what must stay as it is."""
    home = await a_household(shared_database)
    return home, await rows_of(shared_database, home.workspace_id)


@beside_others
@pytest.mark.parametrize("method", REACHES)
async def test_a_stranger_finds_and_changes_nothing(shared_database, neighbour, method):
    (home, before), reach = neighbour, REACHES[method]
    stranger = await a_workspace(shared_database, team_id=await a_team(shared_database, slack_team_id="T-STRANGER"))
    assert await answer(shared_database, stranger, reach, home) == reach.stranger
    assert await rows_of(shared_database, home.workspace_id) == before


@beside_others
@pytest.mark.parametrize("shared_database", ["sqlite"], indirect=True)  # it is the table above that is tried here
@pytest.mark.parametrize("method", REACHES)
async def test_the_same_call_from_inside_finds_or_changes_something(shared_database, method):
    home, reach = await a_household(shared_database), REACHES[method]
    if reach.stranger is None:  # it may answer nobody: then its work must show
        before = await rows_of(shared_database, home.workspace_id)
        found = await answer(shared_database, home.workspace_id, reach, home)
        assert found is not None or await rows_of(shared_database, home.workspace_id) != before
    else:
        assert await answer(shared_database, home.workspace_id, reach, home) != reach.stranger


@beside_others
async def test_what_a_stranger_adds_in_our_name_becomes_the_strangers(shared_database):
    home = await a_household(shared_database)
    stranger = await a_workspace(shared_database)
    async with shared_database.workspace(stranger) as store:
        store.connections.add(forged := forged_connection(home))
    assert forged.workspace_id == stranger
