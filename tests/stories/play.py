"""The whole product beside an emulated Slack and Xero, with hands to act and time to let pass.

Requests are real HTTP over loopback. Time stands still unless a story lets it pass, and ticks run when a story says so.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID

import httpx
from sqlalchemy import event

from bot.app import ALL_ROLES, Role
from bot.views.help import on_it
from core.patience import Patience
from core.vault import new_key
from core.xero.http import trusted
from sandbox.ahead import is_busy, look_ahead
from sandbox.clock import VirtualClock
from sandbox.passing import OF_PROCESSES, TICKS_OF_ROWS
from sandbox.slack import Message, Reply
from sandbox.world import World
from sandbox.xero import Organisation
from tests.engines import InlineEngine

MONDAY_MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)
IMPATIENT = Patience(tries=2, first_wait=0.0, longest_wait=0.0)
ONE_SECOND = timedelta(seconds=1)
HARBOUR = "Harbour Lane Ltd"
TIDY = {"tidy", "homes tidy", "seen", *OF_PROCESSES}
"""Ticks that only forget what is long past."""


@dataclass
class Play:
    world: World
    engine: InlineEngine
    to_call: set[str] = field(default_factory=set)
    """Whom alerts shall call: Slack's ids. At the end of each play nobody else may have been."""
    unrest_before: bool = True
    writes: int = 0
    browser: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=10, verify=trusted()))

    @property
    def slack(self):
        return self.world.slack

    @property
    def xero(self):
        return self.world.xero

    @property
    def database(self):
        return self.world.solido.database

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def organisation(self, name: str = HARBOUR) -> Organisation:
        return self.xero.organisation(name)

    async def pass_without_rest(self, *, minutes: int) -> None:
        """Let time pass although something keeps waiting, as while Slack is down."""
        for _minute in range(minutes):
            self.world.clock.forward(timedelta(minutes=1))
            await self._every_tick()

    async def _every_tick(self) -> bool:
        """Every tick that may find something: most of them are asked about in one question, which takes less time.
        Returns whether something is due or under way, or will be soon."""
        self._listen()
        first = ahead = await look_ahead(self.database, self.now)
        seen = self.writes
        for tick in self.world.solido.ticks(ALL_ROLES):
            if tick.name in TICKS_OF_ROWS:
                worth_it = tick.name in ahead.due | ahead.once
            elif tick.name == "deadman":  # it counts how often it saw what is overdue
                worth_it = ahead.unrest or self.unrest_before
            else:
                worth_it = tick.name not in TIDY
            if worth_it:
                await tick.work()
                if self.writes != seen:
                    ahead, seen = await look_ahead(self.database, self.now), self.writes
        self.unrest_before = first.unrest
        if not self.engine.waiting:
            return ahead.unrest
        await self.engine.drain()
        return await is_busy(self.database, self.now)

    def _listen(self) -> None:
        """To the database of now: a story may have started the product anew."""
        about = (self.database.engine.sync_engine, "before_cursor_execute", self._note)
        if not event.contains(*about):
            event.listen(*about)

    def _note(self, _connection: object, _cursor: object, statement: str, *_about: object) -> None:
        """Count what may have changed a row: after anything else nothing else is due, and to ask again takes long."""
        self.writes += not statement.startswith(("SELECT", "BEGIN", "PRAGMA"))

    async def settle(self, *, most_rounds: int = 200) -> None:
        """Let every tick run, and time pass by the second, until nothing is due, under way or waiting."""
        for _round in range(most_rounds):
            if not await self._every_tick():
                return
            self.world.clock.forward(ONE_SECOND)
        raise AssertionError("the product does not come to rest")

    async def let_pass(self, *, step: timedelta = timedelta(minutes=1), **duration: float) -> None:
        """Let time pass in steps, with everything that becomes due on the way."""
        end = self.now + timedelta(**duration)
        while self.now < end:
            self.world.clock.forward(min(step, end - self.now))
            await self.settle()

    async def say(self, text: str, **who: str) -> Reply:
        """Type `/solido text` and let everything follow from it."""
        reply = await self.command(text, **who)
        await self.settle()
        return reply

    async def command(self, text: str, **who: str) -> Reply:
        """Type `/solido text`. On a machine that is busy the answer follows the acknowledgement (bot/inbox.py)."""
        reply = await self.slack.command(text, **who)
        if reply.text == on_it().text:
            await self.slack.until(lambda: bool(reply.later), within=60)
            reply.message = reply.later[-1]
            reply.text, reply.blocks = reply.message.text, reply.message.blocks
        return reply

    async def press(self, message: Message, button: str, **who: str) -> Message:
        """Press a button, let everything follow from it, and return what the person reads."""
        reply = await self.slack.press(message, button, **who)
        assert reply.error is None, reply.said
        await self.slack.until(lambda: reply.later)
        await self.settle()
        return reply.later[-1]

    async def walk_through_xero(self, link: str, *organisations: Organisation, deny: bool = False) -> httpx.Response:
        """Open a connect link in the browser, allow these organisations in Xero, and come back to our page."""
        gone = await self.browser.get(link)
        assert gone.status_code == 303, gone.text
        back = await self.xero.consent(
            gone.headers["location"], organisations=organisations, http=self.browser, deny=deny
        )
        return await self.browser.get(back)

    async def confirm(self, page: httpx.Response, organisation: Organisation) -> httpx.Response:
        """Press the button of our page that asks which organisation it shall be."""
        state = re.search(r'name="state" value="([^"]+)"', page.text)
        assert state, page.text
        assert organisation.tenant_id in page.text
        answer = await self.browser.get(
            f"{self.world.product_at.url}/xero/callback",
            params={"state": state[1], "organisation": organisation.tenant_id},
        )
        await self.settle()
        return answer

    async def connect(self, name: str = HARBOUR, **who: str) -> httpx.Response:
        """`/solido connect`, all the way to the page that says it is done."""
        organisation = self.organisation(name)
        page = await self.walk_through_xero(link_in(await self.command("connect", **who)), organisation)
        return await self.confirm(page, organisation)

    async def reconnect(self, link: str, *organisations: Organisation) -> httpx.Response:
        page = await self.walk_through_xero(link, *organisations)
        await self.settle()
        return page

    async def stop(self) -> None:
        await self.browser.aclose()
        await self.world.stop()


async def a_play(database_url: str, fill, *, start: datetime = MONDAY_MORNING, **about) -> Play:
    """Raise the curtain. `fill(xero)` puts organisations into the emulated Xero."""
    engine = InlineEngine()
    world = World(
        VirtualClock(start, flowing=False),
        database_url,
        fill,
        engine=engine,
        patience=IMPATIENT,
        roles=frozenset([Role.WEB]),
        keys=new_key(),
        **about,
    )
    await world.start()
    await engine.launch(world.solido.syncing.run)
    return Play(world, engine)


def link_in(reply: Reply) -> str:
    """The address behind the Connect button of an answer."""
    for block in reply.blocks:
        for element in block.get("elements", []):
            if element.get("url"):
                return element["url"]
    raise AssertionError(f"no link in {reply.text!r}")


def words(page: httpx.Response) -> str:
    """What a person reads on a page."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.text, flags=re.DOTALL)).split())


def shown(message: Message | Reply) -> str:
    """Everything a message says: its text and its blocks."""
    return f"{message.text} {message.blocks}"


async def workspace_of(play: Play, channel: str = "C0FINANCE") -> UUID:
    """The workspace of a channel, as the database knows it."""
    async with play.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id="T0SOLIDO")
        places = await unscoped.places(team.id)
    return next(place.workspace_id for place in places if place.channel_id == channel)
