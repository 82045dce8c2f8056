"""What the schema itself forbids about letters and holds, and what belongs to which workspace."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from storage.database import Database
from storage.models import Connection, Team, Workspace
from storage.reminder_models import Letter, LetterState, Reminder, Scope

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TODAY = NOW.date()
CUSTOMER, INVOICE = uuid4(), uuid4()


class Home:
    """Two workspaces of one team, each with a connection."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.mine, self.other = uuid4(), uuid4()
        self.connections: dict[UUID, UUID] = {}

    async def furnish(self) -> None:
        team = Team(
            slack_team_id="T", name="", url="", bot_id="", bot_user_id="", bot_token_sealed=b"", installed_at=NOW
        )
        async with self.database.unscoped() as unscoped:
            unscoped.add_team(team)
            for number, workspace in enumerate((self.mine, self.other)):
                unscoped.add_workspace(
                    Workspace(id=workspace, team_id=team.id, channel_id=f"C{number}", created_by="U", created_at=NOW)
                )
        for workspace in (self.mine, self.other):
            connection = Connection(
                workspace_id=workspace, tenant_id=str(workspace), tenant_name="A", xero_connection_id="x",
                connected_by="U", connected_at=NOW,
            )  # fmt: skip
            self.connections[workspace] = connection.id
            async with self.database.workspace(workspace) as store:
                store.connections.add(connection)

    def letter(self, *, on: date = TODAY, contact: UUID = CUSTOMER, workspace: UUID | None = None) -> Letter:
        return Letter(
            connection_id=self.connections[workspace or self.mine],
            workspace_id=workspace or self.mine,
            contact_id=contact,
            goes_on=on,
            unsubscribe_hash=uuid4().hex,
            claimed_at=NOW,
        )

    async def claim(self, letter: Letter, *steps: tuple[UUID, int]) -> bool:
        async with self.database.workspace(letter.workspace_id) as store:
            return await store.letters.claim(letter, [a_reminder(*step) for step in steps])


def a_reminder(invoice: UUID, step: int) -> Reminder:
    return Reminder(invoice_id=invoice, step=step, currency="GBP", amount_due=Decimal(1), due_on=TODAY)


@pytest.fixture
async def home(database):
    home = Home(database)
    await home.furnish()
    return home


async def test_an_invoice_gets_each_step_once(home):
    assert await home.claim(home.letter(), (INVOICE, 0))
    assert not await home.claim(home.letter(on=TODAY + timedelta(7)), (INVOICE, 0))
    assert await home.claim(home.letter(on=TODAY + timedelta(7)), (INVOICE, 7))


async def test_a_refused_claim_leaves_nothing_behind(home):
    later = home.letter(on=TODAY + timedelta(7))
    assert await home.claim(home.letter(), (INVOICE, 0))
    assert not await home.claim(later, (uuid4(), 0), (INVOICE, 0))
    async with home.database.reading(home.mine) as store:
        assert len(await store.letters.latest(9)) == 1
        assert await store.letters.steps() == [(INVOICE, 0)]


async def test_a_customer_has_one_letter_a_day_unless_nothing_of_it_went(home):
    first = home.letter()
    assert await home.claim(first, (INVOICE, 0))
    assert not await home.claim(home.letter(), (uuid4(), 0))
    async with home.database.workspace(home.mine) as store:
        assert await store.letters.finish(first.id, LetterState.REFUSED, now=NOW)
    assert await home.claim(home.letter(), (INVOICE, 0))


async def test_a_letter_that_bounced_or_whose_fate_is_unknown_keeps_its_steps(home):
    for number, state in enumerate((LetterState.SENT, LetterState.BOUNCED, LetterState.UNKNOWN)):
        letter, invoice = home.letter(on=TODAY + timedelta(number)), uuid4()
        assert await home.claim(letter, (invoice, 0))
        async with home.database.workspace(home.mine) as store:
            assert await store.letters.finish(letter.id, state, now=NOW)
        assert not await home.claim(home.letter(on=TODAY + timedelta(30)), (invoice, 0))


async def test_only_an_unknown_fate_is_a_persons_to_decide_and_only_once(home):
    letter = home.letter()
    await home.claim(letter, (INVOICE, 0))
    async with home.database.workspace(home.mine) as store:
        finish = store.letters.finish
        assert not await finish(letter.id, LetterState.SENT, now=NOW, by="U")
        assert await finish(letter.id, LetterState.UNKNOWN, now=NOW)
        assert await finish(letter.id, LetterState.NOT_SENT, now=NOW, by="U")
        assert not await finish(letter.id, LetterState.SENT, now=NOW, by="U")
        assert not await finish(letter.id, LetterState.SENT, now=NOW)
        assert await store.letters.steps() == []


async def test_letters_of_another_workspace_are_not_there(home):
    letter = home.letter()
    await home.claim(letter, (INVOICE, 0))
    async with home.database.workspace(home.other) as store:
        assert await store.letters.get(letter.id) is None
        assert await store.letters.reminders([letter.id]) == []
        assert await store.letters.of_invoice(INVOICE) == []
        assert await store.letters.steps() == []
        assert await store.letters.latest(9) == []
        assert await store.letters.days_since(TODAY) == []
        assert await store.letters.count_since(NOW - timedelta(1)) == 0
        assert not await store.letters.finish(letter.id, LetterState.SENT, now=NOW)
    assert await home.claim(home.letter(workspace=home.other), (INVOICE, 0))


async def test_a_target_has_one_live_hold_and_a_new_one_takes_its_place(home):
    async with home.database.workspace(home.mine) as store:
        await store.holds.place(Scope.INVOICE, str(INVOICE), label="INV-1", reason="disputed", by="U1", now=NOW)
        await store.holds.place(
            Scope.INVOICE, str(INVOICE), label="INV-1", reason="promised", by="U2", now=NOW, until_on=TODAY
        )
        assert [hold.reason for hold in await store.holds.live()] == ["promised"]
        assert [hold.released_by for hold in await store.holds.of([str(INVOICE)])] == ["U2", None]
    async with home.database.workspace(home.other) as store:
        assert await store.holds.live() == []
        assert await store.holds.of([str(INVOICE)]) == []
        assert not await store.holds.release(Scope.INVOICE, str(INVOICE), by="U", now=NOW)


async def test_a_policy_begins_as_a_preview_and_keeps_what_was_decided(home):
    async with home.database.workspace(home.mine) as store:
        assert (await store.reminders.policy()).started_at is None
        await store.reminders.decide(plan_seen_by="U", plan_seen_at=NOW)
        await store.reminders.decide(rules="{}")
    async with home.database.workspace(home.mine) as store:
        policy = await store.reminders.policy()
        assert (policy.plan_seen_by, policy.rules) == ("U", "{}")
        assert await store.reminders.told_today(TODAY)
        assert not await store.reminders.told_today(TODAY)
    async with home.database.reading(home.other) as store:
        assert (await store.reminders.policy()).plan_seen_by is None


async def test_a_workspaces_reminders_are_looked_at_by_one_process_at_a_time(home):
    async with home.database.workspace(home.mine) as store:
        await store.reminders.decide(next_look_at=NOW)
    async with home.database.unscoped() as unscoped:
        soon = NOW + timedelta(minutes=1)
        assert await unscoped.due.reminders(now=NOW, next_at=soon, limit=9) == [home.mine]
        assert await unscoped.due.reminders(now=NOW, next_at=soon, limit=9) == []
