"""The sandbox as one page: the world, with a page to look at it and time as a lever."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as wall_time
from zoneinfo import ZoneInfo

from starlette.types import ASGIApp

from bot.commands import COMMANDS
from core.engine import DbosEngine
from core.presence import new_name
from sandbox import engine_room, webhook_levers
from sandbox.clock import clock_change_after
from sandbox.hood import Hood
from sandbox.jumping import JumpingEngine
from sandbox.keeping import Keeper
from sandbox.mail import desk as mail_desk
from sandbox.page import page
from sandbox.passing import Gate, Passing
from sandbox.ports import Served
from sandbox.story import Line, Story
from sandbox.tour import Tour
from sandbox.world import BOT_TOKEN, CLIENT_SECRET, SIGNING_SECRET, WEBHOOK_KEY, World
from sandbox.xero import desk as xero_desk
from sandbox.xero.books import ZONES
from storage.database import driver_url

CARRY_SECONDS = 0.25
KEEP_SECONDS = 0.5
KEEP_CLOCK_EVERY = 10.0
WRITING_SHARE = 20
EVENING, NOON = wall_time(18), wall_time(12)


@dataclass
class Desk(World):
    """A world that people look at, at `page_port` (0: any free one). With a `keeper` it survives a restart.

    Xero's webhooks are carried by themselves here.
    """

    page_port: int = 0
    keeper: Keeper | None = None
    _turning: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self) -> None:
        self.page_at = Served(self.page_port)
        secrets = (SIGNING_SECRET, BOT_TOKEN, CLIENT_SECRET, WEBHOOK_KEY)
        self.hood = Hood(self.clock.now, secrets, time.monotonic)
        url = driver_url(self.database_url)
        worker = new_name(embedded=url.get_backend_name() == "sqlite")
        self.engine = engine = JumpingEngine(self.engine or DbosEngine(url, worker=worker))
        await super().start()
        await engine.take_up(self.solido.database)
        self.passing = Passing(self.clock, self.solido.database, self._ticks, self.courier.carry, engine, self._gate)
        done = list(self.kept.tour) if self.kept else []
        self.tour = Tour(self.solido.database, self.xero, self.mailbox, done)
        self._tasks = [asyncio.create_task(self._carry()), asyncio.create_task(self._keep())]
        await self.page_at.start(
            page(
                self.slack,
                clock=self.clock.now,
                forward=self.forward,
                clock_change=self.through_clock_change,
                extra_routes=[
                    *xero_desk.routes(self.xero),
                    *mail_desk.routes(self.mailbox),
                    *webhook_levers.routes(self.courier),
                    *engine_room.routes(self.hood, self.xero, self.mailbox, self.solido.database),
                ],
                subcommands={name: command.does for name, command in COMMANDS.items()},
                tour=self.tour,
                links={"Emulated Xero": self.xero_at.url, "Solido": f"{self.product_at.url}/readyz"},
            )
        )

    def composed(self) -> None:
        """Its own ticks are held back while time jumps."""
        self._gate = Gate()
        self._ticks = list(self.solido.scheduler.ticks)
        self.solido.scheduler.ticks = [self._gate.through(tick) for tick in self._ticks]

    def overheard(self, app: ASGIApp, way: Callable[[str], str]) -> ASGIApp:
        return self.hood.tap(app, way)

    def slack_home(self) -> str:
        return f"{self.page_at.url}/"

    async def stop(self) -> None:
        await self.page_at.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().stop()
        self.write()

    async def _carry(self) -> None:
        while True:
            await self.courier.carry()
            await asyncio.sleep(CARRY_SECONDS)

    async def _keep(self) -> None:
        """Write down what changed, soon after it did; writing takes but a small part of the time."""
        before: object = None
        while self.keeper:
            began = time.monotonic()
            minute = int(began / KEEP_CLOCK_EVERY)
            mark = (
                self.slack.changes.version,
                self.xero.version,
                len(self.mailbox.letters),
                len(self.tour.done),
                minute,
            )
            if mark != before:
                before = mark
                self.write()
            await asyncio.sleep(max(KEEP_SECONDS, WRITING_SHARE * (time.monotonic() - began)))

    def write(self) -> None:
        """Keep everything, as it is at this moment."""
        if self.keeper:
            served = {"slack": self.slack_at, "xero": self.xero_at, "product": self.product_at}
            ports = {name: each.port for name, each in served.items()}
            about = {"now": self.clock.now().isoformat(), "ports": ports, "tour": self.tour.done}
            self.keeper.write(self.xero, self.slack, self.mailbox, self.courier, about)

    async def forward(self, seconds: int) -> list[Line]:
        """Let time pass up to then, as it would have, and tell what happened meanwhile."""
        async with self._turning:
            story = Story(self.slack, self.mailbox, self.xero)
            walked = await self.passing.until(self.clock.now() + timedelta(seconds=seconds))
            return story.told(walked.said())

    async def through_clock_change(self) -> list[Line]:
        """Let time pass up to the evening before the clocks change somewhere near, then through that night to noon."""
        async with self._turning:
            found = self._next_clock_change()
            if found is None:
                return [Line("note", "No clock here changes within two years.")]
            at, zone = found
            story = Story(self.slack, self.mailbox, self.xero)
            night = at.astimezone(zone).date()
            eve = await self.passing.until(datetime.combine(night - timedelta(days=1), EVENING, zone))
            walked = await self.passing.until(datetime.combine(night, NOON, zone))
            before, after = (each.astimezone(zone) for each in (at - timedelta(minutes=1), at))
            changed = f"Clocks in {zone.key} changed on {night:%d %B %Y}: after {before:%H:%M} came {after:%H:%M}."
            return story.told([*eve.said(), *walked.said(), changed])

    def _next_clock_change(self) -> tuple[datetime, ZoneInfo] | None:
        """In the zone of an organisation or of somebody here; the soonest whose evening before has not begun."""
        names = {ZONES.get(one.timezone.upper(), "UTC") for one in self.xero.organisations}
        names |= {person.tz for person in self.slack.people.values()}
        begin = self.clock.now() + timedelta(days=1)
        found = [(clock_change_after(begin, zone), zone) for zone in map(ZoneInfo, sorted(names))]
        return min(((at, zone) for at, zone in found if at is not None), key=lambda one: one[0], default=None)

    async def settled(self) -> bool:
        """Wait until no sync is due or under way and nothing is to be told now; False where that took too long."""
        return await self.passing.settled()
