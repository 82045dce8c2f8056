"""What Slack sends, as far as acknowledging it needs, and what each kind of request is answered with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode

from starlette.responses import JSONResponse, Response

from bot.commands import opens_dialog
from bot.limits import fitted, fitted_view
from bot.views.blocks import Message, Modal, section
from bot.views.help import on_it
from core.legible import NUL, legible, without_nul

SEEN = timedelta(minutes=10)
EVENT_SEEN = timedelta(hours=24)


@dataclass(frozen=True)
class Sent:
    """What Slack sent, as far as acknowledging needs it. `keys` name it, each with how long it is remembered; `dialog`:
    it may be answered by one."""

    kind: str
    keys: Mapping[str, timedelta]
    response_url: str = ""
    view_id: str = ""
    team_id: str = ""
    enterprise_id: str = ""
    dialog: bool = False
    event: dict[str, Any] | None = None

    @property
    def can_wait(self) -> bool:
        """Whether its answer may follow: a dialog waits for what we say to it, and an event that is acknowledged does
        not come again."""
        return self.kind == "block_actions" or (self.kind == "command" and bool(self.response_url))


def read(headers: Mapping[str, str], body: bytes) -> Sent:
    """Read a request that the shield has let through."""
    body = legible_body(headers.get("content-type", ""), body)
    keys = {key("signature", headers.get("x-slack-signature", "")): SEEN}
    if headers.get("content-type", "").startswith("application/json"):
        event = json.loads(body)
        if event.get("event_id"):
            keys[key("event", str(event["event_id"]))] = EVENT_SEEN
        kind = str(event.get("type") or "event")
        return Sent(kind, keys, event=event if kind == "event_callback" else None)
    form = parse_qs(body.decode(), keep_blank_values=True)
    payload: dict[str, Any] = (
        json.loads(form["payload"][0]) if "payload" in form else {name: found[0] for name, found in form.items()}
    )
    if payload.get("trigger_id"):
        keys[key("trigger", str(payload["trigger_id"]))] = SEEN
    team, view, enterprise = (payload.get(name) or {} for name in ("team", "view", "enterprise"))
    kind = str(payload.get("type") or "command")
    return Sent(
        kind=kind,
        keys=keys,
        response_url=str(payload.get("response_url") or ""),
        view_id=str(view.get("id") or ""),
        team_id=str(team.get("id") or payload.get("team_id") or ""),
        enterprise_id=str(enterprise.get("id") or payload.get("enterprise_id") or ""),
        dialog=kind != "command" or opens_dialog(str(payload.get("text") or "")),
    )


def legible_body(content_type: str, body: bytes) -> bytes:
    """The request's body with text only that can be stored: people type, and paste, what they like."""
    if content_type.startswith("application/json"):
        return without_nul(body)
    plain = unquote_plus(body.decode())
    if NUL not in plain and "\\u0000" not in plain:
        return body
    fields = parse_qsl(body.decode(), keep_blank_values=True)
    # An interaction is JSON within the form; of a command such letters are only letters.
    return urlencode(
        [(legible(name), json_of(value) if name == "payload" else legible(value)) for name, value in fields]
    ).encode()


def json_of(value: str) -> str:
    return without_nul(value.encode()).decode()


def key(kind: str, value: str) -> str:
    return f"{kind}:{sha256(value.encode()).hexdigest()}"


def underway(sent: Sent) -> Response:
    """The word that it is being worked on; Slack shows none after a press. An event has nobody who waits for a word:
    Slack is asked to tell it again, in case nothing comes of it this time."""
    if sent.event is not None:
        return Response(status_code=503)
    return Response() if sent.kind == "command" and sent.dialog else _said(sent, on_it())


def sorry(sent: Sent, message: Message) -> Response:
    """After an unforeseen exception. An event is sent again by Slack, so it is told to."""
    if sent.kind not in ("command", "block_actions", "view_submission", "view_closed"):
        return Response(status_code=500)
    return _said(sent, message)


def _said(sent: Sent, message: Message) -> Response:
    if sent.kind == "command":
        said = fitted(message)
        return JSONResponse({"response_type": "ephemeral", "text": said.text, "blocks": said.blocks})
    if sent.kind == "view_submission":
        view = fitted_view(Modal("Solido", message.blocks)).view()
        return JSONResponse({"response_action": "update", "view": view})
    return Response()


def in_words(errors: Mapping[str, str]) -> dict[str, Any]:
    """A dialog that can no longer show its errors beside its fields."""
    return fitted_view(Modal("Solido", [section(f"That did not work: {why}") for why in errors.values()])).view()
