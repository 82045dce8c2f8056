"""Uploading in two steps.

Source: docs.slack.dev/reference/methods, files.getUploadURLExternal and files.completeUploadExternal.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from .chat import Arguments, read_json
from .records import ApiError
from .world import World

MOST_BYTES = 1_000_000_000


@dataclass
class File:
    """A file as it was announced, then brought, then shared in `channel`."""

    id: str
    name: str
    length: int
    secret: str
    content: bytes | None = field(default=None, repr=False)
    title: str = ""
    channel: str = ""


def get_upload_url(world: World, arguments: Arguments) -> dict[str, Any]:
    name, length = str(arguments.get("filename") or ""), str(arguments.get("length") or "")
    if not name or not length.isdigit() or not 0 < int(length) <= MOST_BYTES:
        raise ApiError("invalid_arguments")
    made = File(f"F{secrets.token_hex(5).upper()}", name, int(length), secrets.token_urlsafe(24))
    world.files.append(made)
    return {"upload_url": f"{world.base_url}/upload/{made.secret}", "file_id": made.id}


def complete_upload(world: World, arguments: Arguments) -> dict[str, Any]:
    """Share what was brought; without a channel only the app would see it."""
    asked = read_json(arguments.get("files"), "invalid_arguments")
    if not isinstance(asked, list) or not asked:
        raise ApiError("invalid_arguments")
    channel = str(arguments.get("channel_id") or "")
    if channel and channel not in {one.id for one in world.channels.values()}:
        raise ApiError("channel_not_found")
    found = []
    for one in asked:
        file = next((each for each in world.files if each.id == one.get("id")), None)
        if file is None or file.content is None:
            raise ApiError("file_not_found")
        file.title, file.channel = str(one.get("title") or file.name), channel
        found.append(file)
    if channel:
        comment = str(arguments.get("initial_comment") or "")
        named = ", ".join(file.name for file in found)
        world.say(world.channel(channel), f"{comment} [{named}]".strip(), [], by=world.bot_user_id, kind="post")
    return {"files": [{"id": file.id, "title": file.title} for file in found]}


async def receive(world: World, request: Request) -> Response:
    """The address that was given out takes the file, of the length that was announced."""
    file = next((one for one in world.files if one.secret == request.path_params["secret"]), None)
    body = await request.body()
    if file is None or file.content is not None:
        return PlainTextResponse("unknown", status_code=404)
    if len(body) != file.length:
        return PlainTextResponse("length", status_code=400)
    file.content = body
    return PlainTextResponse(f"OK - {len(body)}")


METHODS = {"files.getUploadURLExternal": get_upload_url, "files.completeUploadExternal": complete_upload}
