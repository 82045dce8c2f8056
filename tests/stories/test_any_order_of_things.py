"""Whatever happens in whatever order, to syncs, people, processes and Slack: one card, and in the end it is true.

The parts are the real ones: incidents, outbox and delivery, over real HTTP to the emulated Slack.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import col, select

from bot.delivery import Delivery
from bot.installs import Installs
from bot.naming import with_names
from bot.people import People
from bot.rendering import render
from core import errors
from core.incidents import Ending, Event, Snoozed, SnoozeFor, Taken, Woken, snooze_until
from core.notices import decode
from core.troubles import Troubles, card_of
from core.watch import Watch
from sandbox.ports import Served
from sandbox.slack import FakeSlack, Message
from sandbox.slack.records import Channel
from storage.models import Connection, Incident, OutboxMessage
from tests import builders
from tests.core.house import House, PowerCut, open_house

TOKEN = "xoxb-a-token-for-tests"


class Mortal(AsyncWebClient):
    """A client in a process that can die after Slack has answered and before anybody has noted it."""

    dies = False
    deaths = 0

    async def chat_postMessage(self, **said: Any) -> Any:  # noqa: N802  # Slack's own name
        answer = await super().chat_postMessage(**said)
        self._die()
        return answer

    async def chat_update(self, **said: Any) -> Any:
        answer = await super().chat_update(**said)
        self._die()
        return answer

    def _die(self) -> None:
        if self.dies:
            self.dies = False
            self.deaths += 1
            raise PowerCut


@dataclass
class Stage:
    house: House
    slack: FakeSlack
    client: Mortal
    installs: Installs
    troubles: Troubles = field(default_factory=Troubles)

    def __post_init__(self) -> None:
        self.watch = Watch(self.house.database, self.troubles, every=timedelta(minutes=15))
        self.delivery = Delivery(self.house.database, self.installs, self.client, People(self.installs, self.client))

    async def a_connection(self) -> Connection:
        """In a channel of its own."""
        key = f"c-{uuid4().hex[:8]}"
        channel = Channel(key, f"C{uuid4().hex[:10].upper()}", key, {"U0SOLIDO", "U0ADMIN", "U0MEMBER"})
        self.slack.channels[key] = channel
        team = await self.installs.find(enterprise_id="", slack_team_id="T0SOLIDO")
        assert team is not None
        workspace = await builders.a_workspace(self.house.database, team_id=team.id, channel_id=channel.id)
        return await builders.a_connection(
            self.house.database, workspace, connected_by="U0MEMBER", connected_at=self.house.now
        )

    async def pass_time(self, minutes: float) -> None:
        self.house.pass_time(minutes=minutes)
        await self.watch.tick()
        try:
            await self.delivery.tick()
        except* PowerCut:
            pass  # and the next tick is another process's


@pytest.fixture
async def stage(migrated_sqlite_url: str) -> AsyncIterator[Stage]:
    async with open_house(migrated_sqlite_url) as house:
        served = Served()
        slack = FakeSlack(signing_secret="s", bot_token=TOKEN, clock=house.clock.now)
        await served.start(slack.app)
        async with aiohttp.ClientSession() as session:
            client = Mortal(base_url=f"{served.url}/api/", retry_handlers=[], session=session)
            installs = Installs(house.database, house.vault, client)
            await installs.add_by_token(TOKEN, now=house.now)
            yield Stage(house, slack, client, installs)
        await served.stop()
        await slack.aclose()


FAILURES = [
    errors.PermissionEnded,
    errors.XeroUnavailable,
    errors.DailyLimitReached,
    errors.ChangedInXero,
    errors.Unexpected,
    errors.BooksDiffer,
    errors.NotRunning,
]
steps = st.one_of(
    st.tuples(st.just("fails"), st.sampled_from(FAILURES)),
    st.tuples(st.sampled_from(["works", "agrees", "reconnected", "disconnected", "dies", "heals"]), st.none()),
    st.tuples(st.just("press"), st.sampled_from(["take", "hour", "week", "wake"])),
    st.tuples(st.just("slack"), st.sampled_from(["down", "ratelimited", "internal_error", "cut", "is_archived"])),
)
story = st.lists(st.tuples(steps, st.sampled_from([0.0, 0.5, 1, 15, 61])), min_size=1, max_size=18)


async def happen(stage: Stage, connection: Connection, what: str, how: Any) -> None:
    now = stage.house.now
    if what == "dies":
        stage.client.dies = True
    elif what == "heals":
        stage.slack.heal()
    elif what == "slack":
        stage.slack.break_next(how, times=3)
    else:
        async with stage.house.database.workspace(connection.workspace_id) as store:
            row = await store.connections.get(connection.id)
            assert row is not None
            if what == "fails":
                await stage.troubles.failed(store, row, how(), now=now)
            elif what == "works":
                await stage.troubles.recovered(store, row, now=now)
            elif what == "agrees":
                await stage.troubles.recovered(store, row, now=now, agreed=True)
            elif what == "press":
                for incident in await store.incidents.open(row.id):
                    await stage.troubles.pressed(store, incident.id, an_event(how, now), "U0ADMIN", now=now)
            else:
                row.connected_at = now
                await stage.troubles.ended(store, row, Ending(what), by="U0ADMIN", now=now)


def an_event(how: str, now: Any) -> Event:
    if how in ("hour", "week"):
        return Snoozed("U0ADMIN", snooze_until(SnoozeFor(how), now, timezone="UTC"))
    return Taken("U0ADMIN") if how == "take" else Woken("U0ADMIN")


def posted(stage: Stage, card: str) -> list[Message]:
    return [m for m in stage.slack.messages if m.metadata and m.metadata["event_payload"]["card"] == card]


async def every_incident(stage: Stage, workspace: UUID, connection: UUID) -> list[Incident]:
    async with stage.house.database.reading(workspace) as store:
        mine = store.incidents._mine().where(Incident.connection_id == connection)
        return list((await store.session.exec(mine)).all())


async def the_card(stage: Stage, workspace: UUID, card: str) -> OutboxMessage | None:
    async with stage.house.database.reading(workspace) as store:
        return await store.outbox.get(card)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story)
async def test_there_is_one_card_for_each_trouble_and_its_last_edit_tells_the_truth(
    stage: Stage, story: list[tuple[tuple[str, Any], float]]
) -> None:
    connection = await stage.a_connection()
    deaths = stage.client.deaths
    moves = 0
    for (what, how), minutes in story:
        moves += how == "is_archived"
        await happen(stage, connection, what, how)
        await stage.pass_time(minutes)
    stage.slack.heal()
    stage.client.dies = False
    for _round in range(12):
        await stage.pass_time(8)
    deaths = stage.client.deaths - deaths
    for incident in await every_incident(stage, connection.workspace_id, connection.id):
        row = await the_card(stage, connection.workspace_id, card_of(incident.id))
        messages = posted(stage, card_of(incident.id))
        if incident.told_at is None:
            assert (row, messages) == (None, [])
            continue
        assert row is not None
        assert not row.waiting, row.last_error
        known = [m for m in messages if m.ts == row.message_ts]
        assert len(known) == 1
        assert len(messages) <= 1 + deaths + 3 * moves, "a second one only where an answer or a place was lost"
        notice = decode(row.notice)
        said = render(notice)
        assert known[0].text in (said.text, with_names(said, {"U0ADMIN": "Admin"}).text)
        told = (notice.closed_at, notice.ending, notice.failures, notice.snoozed_until, notice.taken_by)
        true = (incident.closed_at, incident.ending or "", incident.failures, incident.snoozed_until, incident.taken_by)
        assert told[:2] == true[:2]
        if incident.closed_at is None and not await held_back(stage, incident):
            assert told == true
        aloud = [c for c in await cards_of(stage, incident) if ":recovered:" in c.card]
        recoveries = [line for line in incident.history if line["what"] == "recovered"]
        assert len(aloud) <= len(recoveries) <= incident.episodes
        assert all(len(posted(stage, each.card)) <= 1 + deaths for each in aloud)


async def held_back(stage: Stage, incident: Incident) -> bool:
    """While a reconnect is needed, what others do is counted and not told."""
    async with stage.house.database.reading(incident.workspace_id) as store:
        causes = {each.cause for each in await store.incidents.open(incident.connection_id)}
    return "reconnect_needed" in causes and incident.cause != "reconnect_needed"


async def cards_of(stage: Stage, incident: Incident) -> list[OutboxMessage]:
    async with stage.house.database.reading(incident.workspace_id) as store:
        mine = select(OutboxMessage).where(col(OutboxMessage.card).startswith(card_of(incident.id)))
        return list((await store.session.exec(mine)).all())
