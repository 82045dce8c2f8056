"""What keeps other sites out of the desk: it has no log-in, so it listens to its own page on this machine only."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL = {"localhost", "127.0.0.1", "::1"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def objection(method: str, headers: Headers) -> str | None:
    """Return why this request is refused, None when it may pass."""
    host = headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name not in LOCAL:
        return "This desk answers on this machine only: open it as http://localhost."
    if method in ("GET", "HEAD"):
        return None
    origin = headers.get("origin")
    if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        return "This desk takes orders from its own page only."
    if headers.get("content-type", "").split(";")[0].strip() != "application/json":
        return "Send application/json."
    return None


class Guard:
    """Middleware: refuses what `objection` names with 403, and puts the page's security headers on all answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)  # a letter's own page is locked harder
            await send(message)

        said = objection(scope["method"], Headers(scope=scope))
        if said is None:
            await self.app(scope, receive, send_with_headers)
        else:
            await JSONResponse({"error": said}, status_code=403)(scope, receive, send_with_headers)
