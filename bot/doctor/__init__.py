"""`solido doctor`: look at everything that has to be right, and say what to do where it is not."""

from collections.abc import Awaitable
from datetime import timedelta

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor import house, outside
from bot.doctor.finding import Finding, Health, broken, ok
from bot.installs import AppKeys, Installs
from bot.settings import Settings
from core.guard import survived
from core.xero.http import make_http
from core.xero.oauth import XeroLogin
from storage.database import Database

SECONDS = 10.0
"""How long one look outside may take."""


async def examine(settings: Settings) -> list[Finding]:
    """Look at all of it; what cannot be looked at is a finding too. Sends nothing to anybody and changes nothing."""
    database, vault = Database(settings.database_url), settings.vault()
    every = timedelta(seconds=settings.solido_sync_every)
    found = [ok("settings", "All are there."), *await _looked("database", house.database(database))]
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS), trust_env=True) as session:
            if not any(each.health == Health.BROKEN for each in found):
                client = AsyncWebClient(base_url=settings.slack_api_url, session=session, retry_handlers=[])
                app = AppKeys(settings.slack_client_id, settings.slack_client_secret.get_secret_value())
                installs = Installs(database, vault, client, app if settings.slack_client_id else None)
                found += await _looked("keys", house.keys(database, vault))
                found += await _looked("syncs", house.work(database, every=every))
                found += await _looked("slack", outside.slack(database, installs, client, settings))
                found += await _looked("socket", outside.line(client, settings))
            found += house.disk(database)
            found += await _outside(settings, database)
    finally:
        await database.close()
    return found


async def _outside(settings: Settings, database: Database) -> list[Finding]:
    login = XeroLogin(
        client_id=settings.xero_client_id,
        client_secret=settings.xero_client_secret.get_secret_value(),
        login_url=settings.xero_login_url,
        identity_url=settings.xero_identity_url,
        redirect_uri=settings.redirect_uri,
        scopes=settings.scopes,
    )
    async with make_http() as http:
        found = await _looked("address", outside.address(settings, http))
        found += await _looked("xero", outside.xero(settings, login, http, database))
    await login.close()
    return found + await _looked("mail", outside.mail(settings))


async def _looked(what: str, look: Awaitable[list[Finding]]) -> list[Finding]:
    found: list[Finding] = []

    async def take() -> None:
        found.extend(await look)

    if not await survived(f"doctor.{what}", take()):
        return [broken(what, "This could not be looked at, which is a mistake of ours.", "The log says why.")]
    return found
