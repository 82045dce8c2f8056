"""The pages a person sees on the way to Xero and back. No script, nothing from elsewhere, all text escaped."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from core.xero.client import Tenant

HERE = Path(__file__).parent
STYLE = (HERE / "page.css").read_text()
_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)

QUIET = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
HEADERS = {
    **QUIET,
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
        f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
    ),
    "X-Content-Type-Options": "nosniff",
}


def said(title: str, lines: Sequence[str], *, back: str | None = None, status: int = 200) -> HTMLResponse:
    """A page that says something, with the way back to Slack where it is known."""
    return _page("said.html", status, title=title, lines=lines, back=back)


def choose(state: str, tenants: Sequence[Tenant], *, channel: str) -> HTMLResponse:
    """Ask which organisation the channel is for, and that it really is for this channel."""
    question = "Which organisation is this channel for?" if len(tenants) > 1 else "You are about to connect:"
    return _page(
        "choose.html",
        200,
        title=f"Connect {channel} to Xero",
        state=state,
        tenants=tenants,
        channel=channel,
        question=question,
    )


def stop(organisation: str) -> HTMLResponse:
    """Ask before letters are stopped: mail programs open links to look at them, and that must not be enough."""
    return _page("stop.html", 200, title=f"No more reminders from {organisation}?", organisation=organisation)


def _page(template: str, status: int, **values: object) -> HTMLResponse:
    html = _templates.get_template(template).render(style=Markup(STYLE), **values)
    return HTMLResponse(html, status_code=status, headers=HEADERS)
