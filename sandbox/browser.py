"""A person's browser without a browser: follows a connect link through Xero and back, as somebody would click."""

import re
from types import TracebackType

import httpx

from core.xero.http import trusted
from sandbox.slack import Message
from sandbox.world import World

ANSWER_SECONDS = 60.0


class CannotConnect(Exception):
    """Where a person would be stuck; the message is what the page said."""


class Visit:
    """An async context; cookies live as long as it does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._http = httpx.AsyncClient(timeout=10, trust_env=False, verify=trusted())

    async def __aenter__(self) -> "Visit":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def connect(self, organisation: str, *, user: str = "admin", channel: str = "finance") -> str:
        """Type the command, press Connect, and go all the way; return what the last page says. TimeoutError without an
        answer."""
        reply = await self._world.slack.command("connect", user=user, channel=channel)
        try:
            link = link_in(reply.message)
        except LookupError:
            # On a machine that is busy the answer follows the acknowledgement.
            await self._world.slack.until(lambda: bool(reply.later), within=ANSWER_SECONDS)
            link = link_in(reply.later[-1])
        return await self.follow(link, organisation)

    async def follow(self, link: str, organisation: str) -> str:
        """Open a link from Slack, allow the organisation in Xero, and choose it on our page where that is asked."""
        books = self._world.xero.organisation(organisation)
        gone = await self._http.get(link)
        if gone.status_code != httpx.codes.SEE_OTHER:
            raise CannotConnect(words(gone))
        back = await self._world.xero.consent(gone.headers["location"], organisations=[books], http=self._http)
        page = await self._http.get(back)
        state = re.search(r'name="state" value="([^"]+)"', page.text)
        if state:
            chosen = {"state": state[1], "organisation": books.tenant_id}
            page = await self._http.get(f"{self._world.product_at.url}/xero/callback", params=chosen)
        if not page.is_success:
            raise CannotConnect(words(page))
        return words(page)


def link_in(message: Message | None) -> str:
    """The address of the first button that has one; LookupError when there is none."""
    for block in message.blocks if message else []:
        for element in [*block.get("elements", []), block.get("accessory") or {}]:
            if element.get("url"):
                return str(element["url"])
    raise LookupError("There is no link in this message.")


def words(page: httpx.Response) -> str:
    """A page's text without its markup."""
    body = re.sub(r"<(style|script|head)\b.*?</\1>", " ", page.text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())
