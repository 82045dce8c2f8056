"""The page's levers on what is neither Slack's nor Xero's nor the mailbox's own: webhooks on their way."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.courier import LABELS, TROUBLES, Courier


def routes(courier: Courier) -> list[BaseRoute]:
    """GET /desk/webhooks/state and POST /desk/webhooks/act."""

    async def state(_request: Request) -> Response:
        return JSONResponse(shown(courier))

    async def do(request: Request) -> Response:
        try:
            return JSONResponse({"said": act(courier, json.loads(await request.body()))})
        except (LookupError, ValueError) as why:
            return JSONResponse({"error": str(why.args[0])}, 400)

    return [Route("/desk/webhooks/state", state), Route("/desk/webhooks/act", do, methods=["POST"])]


def act(courier: Courier, asked: Any) -> str:
    """Set the next trouble, or end all. LookupError in words."""
    asked = asked if isinstance(asked, Mapping) else {}
    if asked.get("action") == "heal":
        courier.troubles.clear()
        return "Webhooks arrive as they should."
    trouble = next((one for one in TROUBLES if one == asked.get("kind")), None)
    times = asked.get("times", 1)
    if asked.get("action") != "break" or trouble is None or type(times) is not int or not 1 <= times <= 100:
        raise LookupError("Choose one of these troubles, 1 to 100 times: " + ", ".join(TROUBLES) + ".")
    courier.troubles += [trouble] * times
    return f"{LABELS[trouble]}: set."


def shown(courier: Courier) -> dict[str, Any]:
    """`on` says whether the product hears webhooks at all."""
    return {
        "on": courier.url is not None,
        "delivered": courier.delivered,
        "lost": courier.lost,
        "faults": [
            {"kind": one, "label": LABELS[one], "times": courier.troubles.count(one)}
            for one in TROUBLES
            if one in courier.troubles
        ],
        "kinds": [[one, LABELS[one]] for one in TROUBLES],
    }
