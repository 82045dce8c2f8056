"""The whole product beside an emulated Slack, an emulated Xero and a mailbox, on loopback, over real HTTP and SMTP.

The product is the real one: the same composition root, settings and routes as in production. The only thing it shares
with the emulations is the time (`core.clock.follow`), so that months can pass in an afternoon.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.types import ASGIApp

from bot.app import ALL_ROLES, Role, Solido
from bot.settings import Settings
from core import clock as core_clock
from core.engine import Engine, prepare
from core.patience import Patience
from sandbox.clock import VirtualClock
from sandbox.courier import Courier
from sandbox.keeping import Kept
from sandbox.mail import FakeMailbox
from sandbox.ports import Served
from sandbox.slack import FakeSlack
from sandbox.xero import FakeXero
from storage.database import driver_url
from storage.migrate import migrate

SIGNING_SECRET = "sandbox-signing-secret"
BOT_TOKEN = "xoxb-sandbox-bot-token"
APP_TOKEN = "xapp-sandbox-app-token"
CLIENT_ID = "SANDBOXCLIENTID"
CLIENT_SECRET = "sandbox-client-secret"
WEBHOOK_KEY = "sandbox-webhook-key"
WEBHOOKS = "/xero/webhooks"
MAIL_FROM = "Harbour Lane Accounts <accounts@example.com>"
START_HOUR = 9


@dataclass
class World:
    """`fill(xero)` puts organisations into the emulated Xero, where there is no world that was `kept`.

    Without `engine` the product has its own, for real; without `keys` it makes one, as it does on SQLite.
    `courier.carry()` brings Xero's webhooks to the product, while `webhooks` is on.
    """

    clock: VirtualClock
    database_url: str
    fill: Callable[[FakeXero], object]
    engine: Engine | None = None
    patience: Patience = field(default_factory=Patience)
    roles: frozenset[Role] = ALL_ROLES
    keys: str | None = None
    sync_every: int = 900
    bulk_connect: bool = False
    many_teams: bool = False
    webhooks: bool = True
    socket_mode: bool = False
    kept: Kept | None = None
    xero: FakeXero = field(init=False)
    slack: FakeSlack = field(init=False)
    mailbox: FakeMailbox = field(init=False)
    courier: Courier = field(init=False)
    solido: Solido = field(init=False)

    async def start(self) -> None:
        """Serve everything, the product last. Raises CannotRemember for a kept world that cannot be taken up."""
        core_clock.follow(self.clock.now)
        self._furnish()
        await self.mailbox.start()
        if self.socket_mode:
            await self.slack.use_sockets(APP_TOKEN)
        await self.slack_at.start(self.overheard(self.slack.app, to_slack))
        await self.xero_at.start(self.overheard(self.xero.app, to_xero))
        migrate(self.database_url)
        prepare(driver_url(self.database_url))
        self.solido = Solido(self.settings(), roles=self.roles, engine=self.engine, patience=self.patience)
        self.composed()
        await self.solido.start()
        await self.product_at.start(self.overheard(self.solido.web, to_product))
        if self.webhooks:
            self.courier.url = self.product_at.url + WEBHOOKS

    def _furnish(self) -> None:
        """Make the emulations, as new or as they were kept. Links in old messages want the old ports."""
        ports = self.kept.ports if self.kept else {}
        self.slack_at, self.xero_at, self.product_at = (
            Served.preferring(ports.get(name, 0)) for name in ("slack", "xero", "product")
        )
        if self.kept is not None:
            self.clock.set(self.kept.now)
        self.xero = FakeXero(
            clock=self.clock.now,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_uris=[f"{self.product_at.url}/xero/callback"],
            bulk_connect=self.bulk_connect,
        )
        self.slack = FakeSlack(
            signing_secret=SIGNING_SECRET, bot_token=BOT_TOKEN, team_url=self.slack_home(), clock=self.clock.now
        )
        self.slack.base_url = self.slack_at.url
        self.slack.request_url = f"{self.product_at.url}/slack/events"
        self.mailbox = FakeMailbox(clock=self.clock.now, on_change=self.slack.changes.tell)
        self.courier = Courier(self.xero, self.clock, WEBHOOK_KEY)
        if self.kept is None:
            self.fill(self.xero)
        else:
            self.kept.give(self.xero, self.slack, self.mailbox, self.courier)

    def composed(self) -> None:
        """The product is whole and not started yet."""

    def overheard(self, app: ASGIApp, way: Callable[[str], str]) -> ASGIApp:
        """Here nobody listens; `way` names from whom to whom by the path."""
        return app

    def slack_home(self) -> str:
        """Where browsers find the team; empty for Slack's own address."""
        return ""

    def slack_keys(self) -> dict[str, Any]:
        """A token for the one team, or with `many_teams` what teams install the app by."""
        if not self.many_teams:
            return {"slack_bot_token": SecretStr(BOT_TOKEN)}
        app = self.slack.installing
        return {
            "slack_client_id": app.client_id,
            "slack_client_secret": SecretStr(app.client_secret),
            "slack_authorize_url": f"{self.slack_at.url}/oauth/v2/authorize",
        }

    def settings(self) -> Settings:
        """What somebody would put into the environment to point the product at these three."""
        return Settings(
            database_url=self.database_url,
            solido_secret_keys=SecretStr(self.keys) if self.keys else None,
            port=self.product_at.port,
            solido_public_url=self.product_at.url,
            slack_signing_secret=SecretStr("" if self.socket_mode else SIGNING_SECRET),
            slack_app_token=SecretStr(APP_TOKEN if self.socket_mode else ""),
            **self.slack_keys(),
            slack_api_url=f"{self.slack_at.url}/api/",
            xero_client_id=CLIENT_ID,
            xero_client_secret=SecretStr(CLIENT_SECRET),
            xero_login_url=self.xero_at.url,
            xero_identity_url=self.xero_at.url,
            xero_api_url=self.xero_at.url,
            xero_webhook_key=SecretStr(WEBHOOK_KEY),
            smtp_url=SecretStr(self.mailbox.url),
            mail_from=MAIL_FROM,
            solido_sync_every=self.sync_every,
        )

    async def stop(self) -> None:
        await self.courier.aclose()
        await self.product_at.stop()
        await self.solido.stop()
        await asyncio.gather(self.xero_at.stop(), self.slack_at.stop(), self.mailbox.stop())
        await self.slack.aclose()
        core_clock.follow(core_clock.system_time)


def to_slack(path: str) -> str:
    return "Solido → Slack"


def to_xero(path: str) -> str:
    return "Browser → Xero" if path.lower().startswith("/identity/") else "Solido → Xero"


def to_product(path: str) -> str:
    known = {"/slack/": "Slack → Solido", WEBHOOKS: "Xero → Solido"}
    return next((way for begin, way in known.items() if path.startswith(begin)), "Browser → Solido")


def morning_of(day: datetime) -> datetime:
    return day + timedelta(hours=START_HOUR)


def sqlite_in(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder}/solido.db"
