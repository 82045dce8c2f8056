"""From SQLite to PostgreSQL: everything is there afterwards, once, and nothing is moved over anything else."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from bot.app import Solido
from bot.settings import Settings
from bot.starting import CannotStart
from core.moving import move
from core.presence import ALONE, SILENCE
from storage import moving
from storage.database import Database
from storage.installation import Installation
from storage.models import OutboxMessage, SealingKey, Team
from storage.moving import CannotMove, tables
from storage.slack_models import HomeView, InstallAttempt, SeenRequest
from storage.webhook_models import WebhookFeed
from tests.builders import NOW, a_connection, a_contact_row, a_workspace, an_invoice_row
from tests.storage.test_door import Household, a_household

MANY = 2300


@pytest.fixture
async def sides(migrated_sqlite_url, migrated_postgres_url):
    """Where everything is, and where it is to go."""
    source, target = Database(migrated_sqlite_url), Database(migrated_postgres_url)
    yield source, target
    await source.close()
    await target.close()


async def everything(database: Database) -> Household:
    """A row of every kind, one of the teams being served by another."""
    home = await a_household(database)
    async with database.unscoped() as unscoped:
        team = await unscoped.session.get(Team, home.team_id)
        await unscoped.session.flush()
        served = Team(
            enterprise_id="E1", slack_team_id="T-SERVED", name="Served", url="https://x", bot_id="B", bot_user_id="U",
            bot_token_sealed=b"", installed_at=NOW, served_by=team.id,
        )  # fmt: skip
        unscoped.session.add_all(
            [
                served,
                SeenRequest(key="k", until_at=NOW),
                InstallAttempt(state_hash="s", browser_hash="b", expires_at=NOW),
                WebhookFeed(heard_at=NOW),
                Installation(letters=3),
                SealingKey(key_id="k", first_used_at=NOW),
                HomeView(team_id=team.id, user_id="U1", opened_at=NOW, next_at=NOW),
            ]
        )
    return home


async def count(database: Database, table) -> int:
    async with database.engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def moves(sides) -> list[str]:
    said: list[str] = []
    await move(*sides, say=said.append)
    return said


async def test_every_table_arrives_whole_and_sums_are_told(sides):
    source, target = sides
    home = await everything(source)
    assert not [table.name for table in tables() if not await count(source, table)], "a row in every table"
    said = await moves(sides)
    for table in tables():
        assert await count(target, table) == await count(source, table) > 0, table.name
    assert "invoice.amount_due in EUR: 100.00 on both sides" in said
    async with target.workspace(home.workspace_id) as store:
        assert (await store.invoices.outstanding())[0].amount_due == Decimal(100)
        served = (await store.session.exec(select(Team).where(Team.slack_team_id == "T-SERVED"))).scalar_one()
        assert served.served_by == home.team_id
        await store.outbox.tell("new", "{}", now=NOW)  # whose number must be a new one
    async with target.engine.connect() as connection:
        queued = (await connection.execute(text("SELECT workflow_uuid, status FROM dbos.workflow_status"))).all()
    assert [tuple(row) for row in queued] == [(str(home.run.id), "ENQUEUED")], "what was under way goes on there"


async def test_a_move_that_broke_off_goes_on_and_doubles_nothing(sides, monkeypatch):
    source, target = sides
    connection = await a_connection(source, await a_workspace(source))
    rows = [an_invoice_row(connection.id, invoice_id=uuid4()) for _ in range(MANY)]
    async with source.workspace(connection.workspace_id) as store:
        await store.invoices.put(rows)
        await store.contacts.put([a_contact_row(connection.id)])
    batches = moving.Moving._batches
    given = 0

    async def breaks_off(self, reading, table, *, after):
        nonlocal given
        async for batch in batches(self, reading, table, after=after):
            given += table.name == "invoice"
            if given == 2:
                raise OSError("the line broke")
            yield batch

    monkeypatch.setattr(moving.Moving, "_batches", breaks_off)
    with pytest.raises(OSError, match="broke"):
        await moves(sides)
    assert await count(target, moving.SQLModel.metadata.tables["invoice"]) == moving.BATCH
    monkeypatch.undo()
    said = await moves(sides)
    assert f"invoice: {MANY:,} rows, the same on both sides" in said


async def test_a_name_that_postgresql_cannot_hold_moves_all_but_the_character(sides):
    source, target = sides
    connection = await a_connection(source, await a_workspace(source))
    async with source.workspace(connection.workspace_id) as store:
        await store.invoices.put([an_invoice_row(connection.id, contact_name="Nul\0Ltd")])
    assert "invoice: 1 rows, the same on both sides" in await moves(sides)
    async with target.workspace(connection.workspace_id) as store:
        assert (await store.invoices.outstanding())[0].contact_name == "Nul\ufffdLtd"


async def test_nothing_is_moved_over_another_installation(sides):
    await a_workspace(sides[1])
    with pytest.raises(CannotMove, match="not empty"):
        await moves(sides)


async def test_nothing_is_moved_while_solido_runs(sides):
    source, _target = sides
    async with source.unscoped() as unscoped:
        await unscoped.workers.join(ALONE, "web", now=await unscoped.workers.time())
    with pytest.raises(CannotMove, match="is running"):
        await moves(sides)
    async with source.unscoped() as unscoped:
        now = await unscoped.workers.time()
        await unscoped.workers.join(ALONE, "web", now=now - 3 * SILENCE)
    await moves(sides)


async def test_a_difference_is_said_and_the_source_stays_in_use(sides):
    source, target = sides
    connection = await a_connection(source, await a_workspace(source))
    async with source.workspace(connection.workspace_id) as store:
        await store.invoices.put([an_invoice_row(connection.id)])
    whole = moving.Moving._number_on

    async def changes(self):
        await whole(self)
        async with target.engine.begin() as there:
            await there.execute(text("UPDATE invoice SET amount_due = amount_due + 1"))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(moving.Moving, "_number_on", changes)
        with pytest.raises(CannotMove, match="invoice differs: 1 rows here, 1 there"):
            await moves(sides)
    assert await moving.moved_at(source) is None


async def test_what_was_moved_away_is_not_served_any_more_and_not_moved_again(sides, settings_of):
    source, _target = sides
    await a_workspace(source)
    await moves(sides)
    with pytest.raises(CannotMove, match="already"):
        await moves(sides)
    solido = Solido(settings_of(source))
    with pytest.raises(CannotStart, match="moved to PostgreSQL"):
        await solido.start()
    await solido.stop()


async def test_a_number_given_after_the_move_is_a_new_one(sides):
    source, target = sides
    workspace = await a_workspace(source)
    async with source.workspace(workspace) as store:
        for number in range(3):
            await store.outbox.tell(f"card {number}", "{}", now=NOW - timedelta(days=1))
    await moves(sides)
    async with target.workspace(workspace) as store:
        await store.outbox.tell("new", "{}", now=NOW)
        await store.session.flush()
        ids = (await store.session.exec(select(OutboxMessage.id).order_by(OutboxMessage.id))).scalars().all()
    assert len(ids) == len(set(ids)) == 4


@pytest.fixture
def settings_of():
    def made(database: Database):
        return Settings(
            _env_file=None,
            database_url=database.url.render_as_string(hide_password=False),
            slack_signing_secret="s",
            slack_bot_token="xoxb-1",
            xero_client_id="id",
            xero_client_secret="secret",
        )

    return made
