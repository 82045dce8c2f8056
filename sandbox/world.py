"""The whole product beside an emulated Slack and an emulated Xero, on loopback, over real HTTP.

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

from bot.app import ALL_ROLES, Role, Solido
from bot.settings import Settings
from core import clock as core_clock
from core.engine import Engine, prepare
from core.patience import Patience
from sandbox.clock import VirtualClock
from sandbox.ports import Served
from sandbox.slack import FakeSlack
from sandbox.xero import FakeXero
from storage.database import driver_url
from storage.migrate import migrate

SIGNING_SECRET = "sandbox-signing-secret"
BOT_TOKEN = "xoxb-sandbox-bot-token"
CLIENT_ID = "SANDBOXCLIENTID"
CLIENT_SECRET = "sandbox-client-secret"
START_HOUR = 9


@dataclass
class World:
    """`fill(xero)` puts organisations into the emulated Xero. Without `engine` the product has its own, for
    real; without `keys` it makes one, as it does on SQLite."""

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
    xero: FakeXero = field(init=False)
    slack: FakeSlack = field(init=False)
    solido: Solido = field(init=False)

    async def start(self) -> None:
        """Serve all three, the product last."""
        core_clock.follow(self.clock.now)
        self.slack_at, self.xero_at, self.product_at = Served(), Served(), Served()
        self.xero = FakeXero(
            clock=self.clock.now,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_uris=[f"{self.product_at.url}/xero/callback"],
            bulk_connect=self.bulk_connect,
        )
        self.fill(self.xero)
        self.slack = FakeSlack(
            signing_secret=SIGNING_SECRET, bot_token=BOT_TOKEN, team_url=self.slack_home(), clock=self.clock.now
        )
        self.slack.base_url = self.slack_at.url
        self.slack.request_url = f"{self.product_at.url}/slack/events"
        await self.slack_at.start(self.slack.app)
        await self.xero_at.start(self.xero.app)
        migrate(self.database_url)
        prepare(driver_url(self.database_url))
        self.solido = Solido(self.settings(), roles=self.roles, engine=self.engine, patience=self.patience)
        await self.solido.start()
        await self.product_at.start(self.solido.web)

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
        """What somebody would put into the environment to point the product at these two."""
        return Settings(
            database_url=self.database_url,
            solido_secret_keys=SecretStr(self.keys) if self.keys else None,
            port=self.product_at.port,
            solido_public_url=self.product_at.url,
            slack_signing_secret=SecretStr(SIGNING_SECRET),
            **self.slack_keys(),
            slack_api_url=f"{self.slack_at.url}/api/",
            xero_client_id=CLIENT_ID,
            xero_client_secret=SecretStr(CLIENT_SECRET),
            xero_login_url=self.xero_at.url,
            xero_identity_url=self.xero_at.url,
            xero_api_url=self.xero_at.url,
            solido_sync_every=self.sync_every,
        )

    async def stop(self) -> None:
        await self.product_at.stop()
        await asyncio.gather(self.solido.stop(), self.xero_at.stop(), self.slack_at.stop())
        await self.slack.aclose()
        core_clock.follow(core_clock.system_time)


def morning_of(day: datetime) -> datetime:
    return day + timedelta(hours=START_HOUR)


def sqlite_in(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder}/solido.db"
