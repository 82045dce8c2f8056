"""The secret that binds a browser to what was begun in it: a cookie for each way that begins here."""

import re
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

SECRET = re.compile(r"[A-Za-z0-9_-]{20,100}", re.ASCII)
"""What secrets.token_urlsafe makes."""


@dataclass(frozen=True)
class BrowserCookie:
    """Browsers keep it as long as it `lives`, and send it to `path` and below."""

    name: str
    path: str
    lives: timedelta

    def secret_of(self, request: Request) -> str:
        """The browser's secret; empty when it has none of ours."""
        found = request.cookies.get(self.name, "")
        return found if SECRET.fullmatch(found) else ""

    def give(self, answer: Response, secret: str, *, public_url: str) -> None:
        answer.set_cookie(
            self.name,
            secret,
            max_age=int(self.lives.total_seconds()),
            path=self.path,
            secure=public_url.startswith("https://"),
            httponly=True,
            samesite="lax",  # it must come along when Slack or Xero send the browser back
        )
