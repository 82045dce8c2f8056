"""The one place where HTTP clients towards Xero are made, so that another library would be one file's change."""

import ssl
from functools import cache

import httpx

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
USER_AGENT = "Solido"
PACKED = "gzip"
TIMEOUT = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)


@cache
def trusted() -> ssl.SSLContext:
    """Whom HTTPS clients of this process believe: read once, for it takes each of them longer than everything else."""
    return httpx.create_ssl_context()


async def leave_packed(answer: httpx.Response) -> None:
    """Have the body handed over as it came: who reads it unpacks it, and of large lists that is another process."""
    if answer.headers.get("content-encoding", "").lower() == PACKED:
        del answer.headers["content-encoding"]


def make_http(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return a client for Xero's API, whose answers come packed (`answers.unpacked`).

    It follows no redirects: Xero's API sends none, and a token must not travel.
    """
    return httpx.AsyncClient(
        transport=transport,
        verify=trusted(),
        timeout=TIMEOUT,
        follow_redirects=False,
        headers={"Accept": "application/json", "Accept-Encoding": PACKED, "User-Agent": USER_AGENT},
        event_hooks={"response": [leave_packed]},
    )
