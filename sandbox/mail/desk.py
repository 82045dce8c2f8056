"""The inbox as JSON, its levers, and each letter's HTML on a page of its own where nothing can run."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from .faults import KINDS, LABELS
from .letters import Letter
from .server import FakeMailbox

MOST_LETTERS = 100
MOST_TIMES = 1000
LOCKED = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def routes(mailbox: FakeMailbox) -> list[BaseRoute]:
    """GET /desk/mail/state, POST /desk/mail/act, GET /desk/mail/letters/{number}."""

    async def state(_request: Request) -> Response:
        return JSONResponse(shown(mailbox))

    async def do(request: Request) -> Response:
        try:
            return JSONResponse({"said": act(mailbox, json.loads(await request.body()))})
        except (LookupError, ValueError) as why:
            return JSONResponse({"error": str(why.args[0])}, 400)

    async def letter(request: Request) -> Response:
        number = request.path_params["number"]
        if number >= len(mailbox.letters):
            return PlainTextResponse("There is no such letter.", 404)
        html = mailbox.letters[number].html or ""
        return HTMLResponse(html, headers={"Content-Security-Policy": LOCKED})

    return [
        Route("/desk/mail/state", state),
        Route("/desk/mail/act", do, methods=["POST"]),
        Route("/desk/mail/letters/{number:int}", letter),
    ]


def act(mailbox: FakeMailbox, asked: Any) -> str:
    """Set trouble, or end it. LookupError in words."""
    asked = asked if isinstance(asked, Mapping) else {}
    if asked.get("action") == "heal":
        mailbox.heal()
        return "Letters are taken again."
    kind = next((one for one in KINDS if one == asked.get("kind")), None)
    times, to = asked.get("times", 1), asked.get("to")
    if asked.get("action") != "break" or kind is None:
        raise LookupError("Choose one of these troubles: " + ", ".join(KINDS) + ".")
    if times is not None and (type(times) is not int or not 1 <= times <= MOST_TIMES):
        raise LookupError("Say how many times as a whole number from 1 to 1000, or null for until healed.")
    mailbox.break_next(kind, times=times, to=to if isinstance(to, str) and to else None)
    return f"{LABELS[kind]}: set."


def shown(mailbox: FakeMailbox) -> dict[str, Any]:
    first = max(0, len(mailbox.letters) - MOST_LETTERS)
    return {
        "count": len(mailbox.letters),
        "letters": [
            _letter(number, mailbox.letters[number]) for number in range(len(mailbox.letters) - 1, first - 1, -1)
        ],
        "faults": [
            {"kind": one.kind, "label": LABELS[one.kind], "times": one.times, "path": one.to} for one in mailbox.faults
        ],
        "kinds": [[kind, LABELS[kind]] for kind in KINDS],
    }


def _letter(number: int, letter: Letter) -> dict[str, Any]:
    return {
        "number": number,
        "at": letter.at.isoformat(),
        "from": letter.header("From") or letter.sender,
        "to": list(letter.recipients),
        "subject": letter.subject,
        "headers": letter.headers,
        "text": letter.text,
        "has_html": letter.html is not None,
    }
