"""`solido doctor`: look at everything that has to be right, and say what to do where it is not."""

from collections.abc import Awaitable
from datetime import timedelta

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor import house, outside
from bot.doctor.finding import Finding, Health, broken, ok
from bot.installs import Installs
from bot.settings import Settings
from bot.slack_client import SlackClient
from core.guard import survived
from core.xero.http import make_http
from storage.database import Database

SECONDS = 10.0
"""How long one look outside may take."""


async def examine(settings: Settings) -> list[Finding]:
    """Look at all of it; what cannot be looked at is a finding too. Sends nothing to anybody and changes nothing."""
    found = [ok("settings", "All are there."), *house.place(settings.sqlite_file)]
    database = None if settings.sqlite_file and not settings.sqlite_file.is_file() else Database(settings.database_url)
    try:
        if database is not None:
            found += await _looked("database", house.database(database))
            if any(each.health == Health.BROKEN for each in found):
                await database.close()
                database = None
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS), trust_env=True) as session:
            client = SlackClient(base_url=settings.slack_api_url, session=session, retry_handlers=[])
            found += await (_inside(settings, database, client) if database else _slack_alone(settings, client))
            found += await _looked("socket", outside.line(client, settings))
        found += house.disk(settings.sqlite_file)
        found += await _outside(settings, database)
    finally:
        if database is not None:
            await database.close()
    return found


async def _inside(settings: Settings, database: Database, client: AsyncWebClient) -> list[Finding]:
    """What can only be looked at with a database that is as it should be."""
    vault, every = settings.vault(), timedelta(seconds=settings.solido_sync_every)
    installs = Installs(database, vault, client, settings.app_keys())
    return [
        *await _looked("keys", house.keys(database, vault)),
        *await _looked("processes", house.processes(database)),
        *await _looked("syncs", house.work(database, every=every)),
        *await _looked("slack", outside.slack(database, installs, client, settings)),
    ]


async def _slack_alone(settings: Settings, client: AsyncWebClient) -> list[Finding]:
    """Without a database only the token of the settings is known, if there is one."""
    token = settings.slack_bot_token.get_secret_value()
    return await _looked("slack", outside.authorised(client, token, outside.THE_TEAM)) if token else []


async def _outside(settings: Settings, database: Database | None) -> list[Finding]:
    login = settings.xero_login()
    async with make_http() as http:
        found = await _looked("address", outside.address(settings, http))
        found += await _looked("xero", outside.xero(settings, login, http, database))
    await login.close()
    found += await _looked("mail", outside.mail(settings))
    return found + await _looked("traces", outside.traces(settings))


async def _looked(what: str, look: Awaitable[list[Finding]]) -> list[Finding]:
    found: list[Finding] = []

    async def take() -> None:
        found.extend(await look)

    if not await survived(f"doctor.{what}", take()):
        return [broken(what, "This could not be looked at, which is a mistake of ours.", "The log says why.")]
    return found
