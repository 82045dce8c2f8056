"""Under the hood: what Solido, Slack, Xero, the mailbox and the browser say to each other, with secrets blotted out."""

import gzip
import itertools
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_ENTRIES = 400
LONGEST_BODY = 6000
BLOT = "▇▇▇"
SECRET_HEADERS = {"authorization", "cookie", "set-cookie", "x-slack-signature", "x-xero-signature", "location"}
SECRET_NAMES = {
    *("token", "access_token", "refresh_token", "id_token", "client_secret", "code", "code_verifier", "state"),
    *("code_challenge", "password", "response_url", "trigger_id"),
}
SECRET_PATH = re.compile(r"(/xero/connect/|/response/)[^/?#\s\"<>\\]+")
LOOKS_SECRET = re.compile(
    r"xox[a-z]-[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+|(?<=state=)[\w.%~-]+|(?<=code=)[\w.%~-]+"
    r"|(?<=name=\"state\" value=\")[^\"]+"
)


@dataclass
class Entry:
    """One request and its answer. `status` None: no answer, or none yet. Bodies are cut and blotted."""

    number: int
    at: datetime
    way: str
    method: str
    path: str
    status: int | None = None
    under_way: bool = True
    request: list[str] = field(default_factory=list)
    sent: str = ""
    answer: list[str] = field(default_factory=list)
    got: str = ""
    milliseconds: int = 0

    @property
    def failed(self) -> bool:
        return not self.under_way and (self.status is None or self.status >= 400)

    def line(self) -> dict[str, Any]:
        """Without what is shown only when it is opened."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "way": self.way,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "under_way": self.under_way,
            "failed": self.failed,
        }

    def whole(self) -> dict[str, Any]:
        more = {"request": self.request, "sent": self.sent, "answer": self.answer, "got": self.got}
        return self.line() | more | {"milliseconds": self.milliseconds}


class Hood:
    """The last entries, newest last. `secrets` are values that must never be seen, wherever they stand."""

    def __init__(self, clock: Callable[[], datetime], secrets: Iterable[str], timer: Callable[[], float]) -> None:
        self.entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._clock, self._timer = clock, timer
        self._secrets = [each for each in secrets if each]
        self._numbers = itertools.count(1)

    def find(self, number: int) -> Entry | None:
        return next((one for one in self.entries if one.number == number), None)

    def tap(self, app: ASGIApp, way: Callable[[str], str]) -> ASGIApp:
        """The same application, overheard. `way` names from whom to whom by the path."""
        return _Tap(app, self, way)

    def begin(
        self, way: str, method: str, path: str, query: str, headers: list[tuple[str, str]]
    ) -> tuple[Entry, float]:
        shown = self.blotted(path) + (f"?{self.blotted(_form(query))}" if query else "")
        entry = Entry(next(self._numbers), self._clock(), way, method, shown, request=self._headers(headers))
        self.entries.append(entry)
        return entry, self._timer()

    def end(self, entry: Entry, began: float, *, sent: bytes, got: bytes, headers: list[tuple[str, str]]) -> None:
        entry.milliseconds = round((self._timer() - began) * 1000)
        entry.sent, entry.got = self.body(sent, {}), self.body(got, {name.lower(): value for name, value in headers})
        entry.answer = self._headers(headers)
        entry.under_way = False

    def _headers(self, headers: list[tuple[str, str]]) -> list[str]:
        return [f"{name}: {BLOT if name.lower() in SECRET_HEADERS else self.blotted(value)}" for name, value in headers]

    def body(self, raw: bytes, headers: dict[str, str]) -> str:
        """As a person can read it: unpacked, laid out, cut; secrets by their names and by their looks are blotted."""
        if headers.get("content-encoding") == "gzip":
            try:
                raw = gzip.decompress(raw)
            except (OSError, EOFError, zlib.error):
                return f"({len(raw)} packed bytes, cut short)"
        text = raw.decode("utf-8", "replace")
        return self.blotted(_laid_out(text))[:LONGEST_BODY]

    def blotted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        return LOOKS_SECRET.sub(BLOT, SECRET_PATH.sub(rf"\1{BLOT}", text))


def _laid_out(text: str) -> str:
    """JSON and forms, laid out, without their secrets; anything else as it stands."""
    try:
        return json.dumps(_without_secrets(json.loads(text)), indent=2, ensure_ascii=False)
    except ValueError:
        pass
    return _form(text) if re.match(r"[\w.-]+=", text) and "\n" not in text else text


def _form(text: str) -> str:
    """A form or a query, blotted; a payload of Slack's is JSON inside a form."""
    pairs = parse_qsl(text, keep_blank_values=True)
    if [name for name, _ in pairs] == ["payload"]:
        return "payload=" + _laid_out(pairs[0][1])
    return "&".join(
        f"{name}={BLOT}" if name in SECRET_NAMES else urlencode([(name, value)], safe="/ :,@<>|{}\"'[]")
        for name, value in pairs
    )


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: BLOT if name in SECRET_NAMES and isinstance(each, str) else _without_secrets(each)
            for name, each in value.items()
        }
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


class _Tap:
    def __init__(self, app: ASGIApp, hood: Hood, way: Callable[[str], str]) -> None:
        self._app, self._hood, self._way = app, hood, way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, query = scope["path"], scope.get("query_string", b"").decode("latin-1")
        entry, began = self._hood.begin(self._way(path), scope["method"], path, query, _decoded(scope["headers"]))
        ear, mouth = _Ear(receive), _Mouth(send)
        try:
            await self._app(scope, ear.receive, mouth.send)
        finally:
            entry.status = mouth.status
            self._hood.end(entry, began, sent=bytes(ear.heard), got=bytes(mouth.said), headers=mouth.headers)


class _Overheard:
    """Faults reach for the server's transport through what `send` or `receive` is a method of."""

    def __init__(self, through: Callable[..., Any]) -> None:
        self._through = through

    @property
    def transport(self) -> Any:
        return getattr(getattr(self._through, "__self__", None), "transport", None)


class _Ear(_Overheard):
    def __init__(self, receive: Receive) -> None:
        super().__init__(receive)
        self.heard = bytearray()

    async def receive(self) -> Message:
        message: Message = await self._through()
        self.heard += message.get("body", b"")
        return message


class _Mouth(_Overheard):
    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self.said = bytearray()
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], _decoded(message["headers"])
        self.said += message.get("body", b"")
        await self._through(message)


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
