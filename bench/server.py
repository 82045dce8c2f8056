"""The emulated Xero of a measurement, in a process of its own.

`python -m bench.server INVOICES CONTACTS ORGANISATIONS` prints one line of JSON (the address, a token and the
organisations it opens) and serves until its input ends. Limits are off, and what an invoice looks like in an answer is
prepared, so that the reader is measured and not the emulator.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from sandbox.ports import Served
from sandbox.xero import FakeXero, Organisation, big_ledger

CALLBACK = "https://solido.example.com/xero/callback"
SCOPES = "offline_access accounting.invoices.read accounting.contacts.read accounting.settings.read"
DAY = 86_400


async def a_token(xero: FakeXero, organisation: Organisation) -> str:
    """One that opens this organisation, and those that were consented to before."""
    asked = {"response_type": "code", "client_id": "app", "redirect_uri": CALLBACK, "scope": SCOPES, "state": "any"}
    link = "https://login.xero.com/identity/connect/authorize?" + urlencode(asked)
    back = await xero.consent(link, organisations=[organisation])
    code = parse_qs(urlsplit(back).query)["code"][0]
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    transport = httpx.ASGITransport(app=xero.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://identity.xero.com") as http:
        answer = await http.post("/connect/token", data=body, auth=("app", "secret"))
    token: str = answer.json()["access_token"]
    return token


def another(xero: FakeXero, first: Organisation, number: int) -> Organisation:
    """An organisation with the same books: only read, they need not be there twice."""
    made = xero.add_organisation(f"Big Ledger {number}")
    made.contacts, made.invoices = first.contacts, first.invoices
    return made


async def main(invoices: int, contacts: int, organisations: int) -> None:
    xero = FakeXero(
        clock=lambda: datetime.now(UTC),
        client_id="app",
        client_secret="secret",
        access_token_seconds=DAY,
        enforce_limits=False,
    )
    first = big_ledger(xero, invoices, contacts, name="Big Ledger", prepared=True)
    ledgers = [first, *(another(xero, first, number) for number in range(1, organisations))]
    for ledger in ledgers:
        token = await a_token(xero, ledger)
    served = Served()
    await served.start(xero.app)
    told = {"url": f"http://127.0.0.1:{served.port}", "token": token, "tenants": [each.tenant_id for each in ledgers]}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await served.stop()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:4])))
