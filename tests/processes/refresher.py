"""A process that keeps using one connection's permission, told what by its environment. Forked by zygote.py.

Prints how many calls Xero let in; every refused one is an error.
"""

import asyncio
import os
import sys
from uuid import UUID

from core.patience import Patience
from core.tokens import Tokens
from core.vault import Vault
from core.xero.client import Xero
from core.xero.http import make_http
from core.xero.oauth import READ_SCOPES, XeroLogin
from storage.database import Database

TASKS = 10
PATIENCE = Patience()


async def main() -> None:
    database = Database(os.environ["DATABASE_URL"])
    url = os.environ["XERO_URL"]
    login = XeroLogin(
        client_id="app",
        client_secret="s3cret",
        login_url=url,
        identity_url=url,
        redirect_uri="https://solido.example.com/xero/callback",
        scopes=READ_SCOPES,
    )
    http = make_http()
    xero = Xero(http, url, patience=PATIENCE)
    end = asyncio.get_running_loop().time() + float(os.environ["SECONDS"])
    calls = 0

    async def use() -> None:
        nonlocal calls
        tokens = Tokens(
            database,
            Vault([os.environ["KEY"]]),
            login,
            PATIENCE,
            workspace_id=UUID(os.environ["WORKSPACE"]),
            connection_id=UUID(os.environ["CONNECTION"]),
        )
        while asyncio.get_running_loop().time() < end:
            await xero.tenants(await tokens.access_token())
            calls += 1
            await asyncio.sleep(0.05)

    await asyncio.gather(*(use() for _ in range(TASKS)))
    await http.aclose()
    await login.close()
    await database.close()
    sys.stdout.write(f"{calls}\n")


def run() -> None:
    asyncio.run(main())
