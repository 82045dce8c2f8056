"""A browser in a few lines: reads the forms of the emulated pages and presses their buttons over HTTP."""

from collections.abc import Sequence
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx


class ConsentError(Exception):
    """The flow ended on an error page; the message is that page's text."""


class Forms(HTMLParser):
    """Collects the one form of a page: where it goes, its hidden fields, its buttons, and the page's text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        self.choices: list[str] = []
        self.words: list[str] = []
        self._in_style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        if tag == "form":
            self.action = given.get("action", "")
        elif tag == "button":
            self.buttons.append((given.get("name", ""), given.get("value", "")))
        elif tag == "input" and given.get("type") == "hidden":
            self.hidden[given.get("name", "")] = given.get("value", "")
        elif tag == "input":
            self.choices.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._in_style:
            self.words.append(data.strip())


async def walk_through(
    http: httpx.AsyncClient, authorize_url: str, tenants: Sequence[str], *, user_id: str, deny: bool
) -> str:
    """From the authorise link to the callback URL Xero redirects to, which is not followed."""
    page = await http.get(authorize_url, follow_redirects=False)
    page = await _press(http, page, [("user", user_id)])
    chosen = [("tenant", tenant) for tenant in tenants]
    answer = await _press(http, page, [("answer", "cancel")] if deny else [*chosen, ("answer", "allow")])
    if not answer.is_redirect:
        raise ConsentError(" ".join(Forms(answer.text).words))
    return urljoin(str(answer.url), answer.headers["location"])


async def _press(http: httpx.AsyncClient, page: httpx.Response, pressed: list[tuple[str, str]]) -> httpx.Response:
    forms = Forms(page.text)
    if page.status_code != 200 or not forms.action:
        raise ConsentError(" ".join(forms.words))
    body = httpx.QueryParams([*forms.hidden.items(), *pressed])
    return await http.post(
        urljoin(str(page.url), forms.action),
        content=str(body),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        follow_redirects=False,
    )
