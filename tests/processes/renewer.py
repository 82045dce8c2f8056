"""A process that refreshes, forked by zygote.py: `renewer DATABASE KEY XERO WORKSPACE CONNECTION TIMES [dies]`.

With `dies` it is gone the moment Xero has answered, before anything is saved.
"""

import asyncio
import os
import sys
from uuid import UUID

import httpx

from core.patience import Patience
from core.tokens import Tokens
from core.vault import Vault
from core.xero.http import trusted
from core.xero.oauth import WRITE_SCOPES, XeroLogin
from storage.database import Database

GONE = 9


class Deadly(httpx.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        await answer.aread()
        os._exit(GONE)


async def main(url: str, key: str, xero: str, workspace: str, connection: str, times: int, *, dies: bool) -> None:
    database = Database(url)
    login = XeroLogin(
        client_id="app",
        client_secret="s3cret",
        login_url=xero,
        identity_url=xero,
        redirect_uri="https://solido.example.com/xero/callback",
        scopes=WRITE_SCOPES,
        transport=Deadly(verify=trusted()) if dies else None,
    )
    tokens = Tokens(
        database, Vault([key]), login, Patience(), workspace_id=UUID(workspace), connection_id=UUID(connection)
    )
    for _time in range(times):
        await tokens.access_token()
    await login.close()
    await database.close()


def run() -> None:
    *where, times = sys.argv[1:7]
    asyncio.run(main(*where, int(times), dies=sys.argv[7:] == ["dies"]))  # type: ignore[call-arg]
