"""The composition root: the only place where parts are built and joined."""

import asyncio
import secrets
from datetime import timedelta
from enum import StrEnum

import aiohttp
import structlog

from bot.delivery import Delivery
from bot.events import Leaving
from bot.files import Files
from bot.home import Homes
from bot.inbox import Inbox, heard_by
from bot.installing import Installing, Way
from bot.installs import Installs
from bot.metrics import Metrics
from bot.people import People
from bot.places import Places
from bot.refusals import NO_ANSWER
from bot.services import Services
from bot.settings import Settings
from bot.shield import Shield
from bot.slack import SlackListener
from bot.slack_client import SlackClient
from bot.socket_mode import SocketMode
from bot.starting import check_schema, know_team, refused_by_slack
from bot.web import Web
from core import restored
from core.adrift import Adrift
from core.clock import steady, utc_now
from core.connect import Connecting
from core.digest import WeeklyDigest
from core.engine import DbosEngine, Engine
from core.farewell import Farewell
from core.forgetting import Forgetting
from core.keeping import Keeping
from core.operators import ByMail
from core.patience import Patience
from core.presence import BEAT_SECONDS, Presence, new_name
from core.reminders import RemindersOnHold
from core.reminders.asking import AskedAfresh
from core.reminders.deciding import Reminding
from core.reminders.noting import Noting
from core.reminders.sending import Sending
from core.reminders.workdays import prepare as prepare_holidays
from core.retention import Retention
from core.scheduler import Due, Scheduler, Tick
from core.support import Support
from core.sync import Syncing
from core.troubles import Troubles
from core.watch import Watch
from core.webhooks import Webhooks
from core.workspaces import Workspaces
from core.xero.client import Xero
from core.xero.http import make_http
from core.xero.pacing import Pacer
from storage import schema
from storage.database import Database

log = structlog.get_logger()

SLACK_SECONDS = 15.0


class Role(StrEnum):
    WEB = "web"
    WORKER = "worker"
    SCHEDULER = "scheduler"


ALL_ROLES = frozenset(Role)


class Solido:
    """One process of Solido: built whole, started and stopped in order. Tests and the sandbox give an engine of their
    own; Slack, Xero and mail they stand in for by address."""

    def __init__(
        self,
        settings: Settings,
        *,
        roles: frozenset[Role] = ALL_ROLES,
        engine: Engine | None = None,
        patience: Patience = Patience(),  # noqa: B008  # frozen
    ) -> None:
        self.settings = settings
        self._roles = roles
        self.database = Database(settings.database_url)
        self._vault = settings.vault()
        self.database.process = new_name(embedded=self.database.embedded)
        self.engine = engine or DbosEngine(self.database.url, worker=self.database.process)
        self.presence = Presence(self.database, self.engine, roles)
        self._http = make_http()
        self._login = settings.xero_login()
        # Without its own retries: a post repeated after a broken line would appear twice.
        self._slack = SlackClient(
            base_url=settings.slack_api_url, timeout=int(SLACK_SECONDS), retry_handlers=[], trust_env_in_session=True
        )
        self._installs = Installs(self.database, self._vault, self._slack, settings.app_keys())
        self.syncing = self._join_syncing(patience)
        mailer = settings.mailer()
        operators = ByMail(mailer, settings.support_email) if mailer and settings.support_email else None
        self.support = Support(self.database, operators, address=settings.support_email)
        self.sending = Sending(self.syncing, mailer, AskedAfresh(), settings.public_url)
        self._watch = Watch(self.database, self.syncing.troubles, every=self.syncing.every)
        self.services = self._join_services(Reminding(self.database, mailer))
        self.homes = Homes(self.services, self._slack)
        # Over Socket Mode alone nobody signs for Slack but we ourselves.
        secret = settings.slack_signing_secret.get_secret_value() or secrets.token_urlsafe(32)
        self.inbox = self._join_inbox(secret)
        way = Way(settings.slack_authorize_url, settings.public_url)
        self.installing = Installing(self.database, self._installs, self._slack, settings.app_keys(), way)
        self.measured = Metrics(self.database, self.stuck, limit=settings.xero_daily_limit)
        further = self.installing.routes()
        web = Web(self.services, self.inbox, Shield(secret), self.ready, self.stuck, self.measured, further)
        self.web, self.watched = web.app, web.watched
        app_token = settings.slack_app_token.get_secret_value() if Role.WEB in roles else ""
        self.socket_mode = SocketMode(self._slack, app_token, secret, web.slack) if app_token else None
        self.scheduler = Scheduler(self.ticks(roles))
        self._launched = False

    def _join_syncing(self, patience: Patience) -> Syncing:
        settings = self.settings
        return Syncing(
            self.database,
            self.engine,
            self._vault,
            self._login,
            Xero(self._http, settings.xero_api_url, patience=patience, pacer=Pacer()),
            patience,
            every=timedelta(seconds=settings.solido_sync_every),
            troubles=Troubles(RemindersOnHold()),
            daily_limit=settings.xero_daily_limit,
        )

    def _join_services(self, reminding: Reminding) -> Services:
        settings, connecting = self.settings, Connecting(self.syncing)
        return Services(
            database=self.database,
            installs=self._installs,
            people=People(self._installs, self._slack),
            places=Places(self.database, self._installs, self._slack),
            syncing=self.syncing,
            connecting=connecting,
            workspaces=Workspaces(self.database),
            support=self.support,
            webhooks=Webhooks(self.database, settings.xero_webhook_key.get_secret_value(), self.syncing.lull),
            public_url=settings.public_url,
            daily_limit=settings.xero_daily_limit,
            writes=settings.solido_xero_access == "read-write",
            reminding=reminding,
            files=Files(self._installs, self._slack),
            forgetting=Forgetting(self.syncing, connecting),
        )

    def _join_inbox(self, secret: str) -> Inbox:
        many_teams = self.settings.app_keys() is not None
        listener = SlackListener(self.services, self._slack, secret, many_teams=many_teams)
        leaving = Leaving(self.database, self.services.connecting)
        hear = heard_by(leaving.hear, self.homes.hear)
        return Inbox(self.database, self._installs, self._slack, listener.handle, hear, self.syncing.lull)

    def ticks(self, roles: frozenset[Role]) -> list[Tick]:
        """What these roles look at, and how often."""
        due, farewell = Due(self.syncing, self.services.webhooks), Farewell(self.syncing)
        people = self.services.people
        delivery = Delivery(self.database, self._installs, self._slack, people, self.support.operators)
        keeping = Keeping(self.syncing, webhooks=bool(self.settings.xero_webhook_key.get_secret_value()))
        noting = Noting(self.syncing, writes=self.services.writes)
        scheduling = [
            Tick("due", 1.0, due.tick),
            Tick("webhooks", 1.0, due.webhooks),
            Tick("nightly", 5.0, due.nightly),
            Tick("digest", 20.0, WeeklyDigest(self.database).tick),
            Tick("tidy", 3600.0, due.tidy),
            Tick("seen", 600.0, self.tidy),
            Tick("homes tidy", 3600.0, self.homes.tidy),
            Tick("adrift", 15.0, Adrift(self.database, self.engine).tick),
            Tick("retention", 1800.0, Retention(self.database, self.engine).tick),
        ]
        working = [
            Tick("delivery", 0.5, delivery.tick),
            Tick("home", 1.0, self.homes.tick),
            Tick("farewell", 2.0, farewell.tick),
            Tick("reminders", 2.0, self.sending.tick),
            Tick("notes", 10.0, noting.tick),
            Tick("support", 5.0, self.support.tick),
            Tick("welcome", 30.0, self.installing.greet),
            Tick("mend", 5.0, keeping.mend),
            Tick("look", 30.0, keeping.look),
        ]
        watching = [Tick("watch", 15.0, self._watch.tick), Tick("deadman", 60.0, self._watch.running)]
        watching = watching if roles & {Role.SCHEDULER, Role.WORKER} else []
        if self.socket_mode is not None:
            watching.append(Tick("line", 5.0, self.socket_mode.look))
        watching.append(Tick("alive", BEAT_SECONDS, self.presence.beat))
        return watching + (scheduling if Role.SCHEDULER in roles else []) + (working if Role.WORKER in roles else [])

    async def tidy(self) -> None:
        """Forget requests and tries to install that are long past, and whoever removed the app so long ago."""
        await self.inbox.tidy()
        await self.installing.tidy()
        if self.settings.solido_keep_days:
            now = utc_now()
            long_ago = now - timedelta(days=self.settings.solido_keep_days)
            await self.services.forgetting.expire(gone_before=long_ago, now=now)

    async def start(self) -> None:
        """Raise CannotStart in words a person can act on."""
        await check_schema(self.database)
        await self.presence.join()
        if await restored.look(self.database, now=utc_now()):
            log.warning("restored.reminders_off")
        await asyncio.to_thread(prepare_holidays)
        self._slack.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SLACK_SECONDS), trust_env=True)
        await know_team(self._installs, self.settings)
        if Role.WORKER in self._roles:
            await self.engine.launch(self.syncing.run)
        self.scheduler.start()
        self._launched = True
        await self._open_line()

    async def stop(self) -> None:
        """Let go of everything, first of those who use the rest; a sync under way is handed back and goes on at the
        next start."""
        self._launched = False
        if self.socket_mode is not None:
            await self.socket_mode.stop()
        await self.scheduler.stop()
        await self.inbox.drain()
        await self.engine.let_go()
        await self.presence.leave()
        await self.engine.stop()
        await self._http.aclose()
        await self._login.close()
        if self._slack.session:
            await self._slack.session.close()
        await self.database.close()

    async def ready(self) -> dict[str, bool]:
        """Part by part: database, schema, engine, and over Socket Mode the line to Slack. Raises SQLAlchemyError when
        the database does not answer. A newer schema will do: it was migrated for the process that comes after us."""
        await self.database.ping()
        found = await schema.version(self.database.engine)
        parts = {"database": True, "schema": found is not None and found >= schema.HEAD, "engine": self._launched}
        return parts | ({"slack": await self.socket_mode.is_open()} if self.socket_mode is not None else {})

    def stuck(self) -> list[str]:
        """What of this process has come to a standstill."""
        return self.scheduler.stuck(at=steady())

    async def _open_line(self) -> None:
        if self.socket_mode is None:
            return
        try:
            await self.socket_mode.start()
        except NO_ANSWER as error:
            await self.stop()
            raise refused_by_slack("SLACK_APP_TOKEN", self.settings, error) from None
