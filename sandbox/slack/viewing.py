"""`views.*`: modals and Home. Source: slack.md 3.3, 3.4."""

import secrets
from typing import Any

from .blocks import is_too_large, problems_of_view
from .chat import Arguments, read_json
from .records import ApiError, View
from .state import initial, with_ids
from .world import World

DEEPEST_STACK = 3


def checked_view(world: World, where: str, view: Any) -> dict[str, Any]:
    """Return the view with ids filled in; ApiError(invalid_arguments) with pointers when Slack would not take it."""
    if is_too_large(view):
        world.refuse(where, "view_too_large", ["over 250 kB"], None)
        raise ApiError("view_too_large")
    found = [str(problem) for problem in problems_of_view(view)]
    if found:
        world.refuse(where, "invalid_arguments", found, view)
        raise ApiError("invalid_arguments", response_metadata={"messages": found})
    return {**view, "blocks": with_ids(view["blocks"], world.fresh_ids)}


def _read_view(world: World, where: str, arguments: Arguments, kind: str) -> dict[str, Any]:
    view = checked_view(world, where, read_json(arguments.get("view"), "invalid_arguments"))
    if view["type"] != kind:
        raise ApiError("invalid_arguments", response_metadata={"messages": [f"[ERROR] view must be of type {kind}"]})
    return view


def new_hash() -> str:
    return f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"


def stack_of(world: World, user: str) -> list[View]:
    """Return the user's open modals, the topmost last."""
    return [view for view in world.views if view.kind == "modal" and view.user == user and view.is_open]


def home_of(world: World, user: str) -> View | None:
    return next((view for view in world.views if view.kind == "home" and view.user == user), None)


def as_json(world: World, view: View) -> dict[str, Any]:
    """Return the view as Slack shows it to the app."""
    defaults = {"private_metadata": "", "callback_id": "", "external_id": "", "title": None, "submit": None}
    return {
        **defaults,
        "close": None,
        "clear_on_close": False,
        "notify_on_close": False,
        **view.body,
        "id": view.id,
        "team_id": world.team_with(world.person(view.user).team_id).id,
        "app_id": world.app_id,
        "app_installed_team_id": world.team_with(world.person(view.user).team_id).id,
        "bot_id": world.bot_id,
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
        "state": {"values": view.state},
    }


def put_on_top(world: World, user: str, body: dict[str, Any]) -> View:
    """Open a modal above whatever the user has open; ApiError when three are open already."""
    below = stack_of(world, user)
    if len(below) >= DEEPEST_STACK:
        raise ApiError("push_limit_reached")
    view_id = f"V{secrets.token_hex(5).upper()}"
    root = below[0].id if below else view_id
    view = View(view_id, "modal", user, body, new_hash(), root, below[-1].id if below else None)
    view.state = initial(view.blocks)
    world.views.append(view)
    world.changes.tell()
    return view


def replace(world: World, view: View, body: dict[str, Any]) -> None:
    """Give a view a new body; what was typed in inputs with the same ids stays."""
    typed = view.state
    view.body, view.hash, view.errors = body, new_hash(), {}
    view.state = {
        block: {action: typed.get(block, {}).get(action, value) for action, value in actions.items()}
        for block, actions in initial(view.blocks).items()
    }
    world.changes.tell()


def _check_hash(view: View, arguments: Arguments) -> None:
    if arguments.get("hash") and arguments["hash"] != view.hash:
        raise ApiError("hash_conflict")


def open_modal(world: World, arguments: Arguments) -> dict[str, Any]:
    """`views.open`; views.push does the same above an open modal."""
    user = world.use_trigger(arguments.get("trigger_id"))
    body = _read_view(world, "views.open", arguments, "modal")
    external_id = body.get("external_id")
    if external_id and any(view.body.get("external_id") == external_id and view.is_open for view in world.views):
        raise ApiError("duplicate_external_id")
    for view in stack_of(world, user):
        view.is_open = False
    return {"view": as_json(world, put_on_top(world, user, body))}


def push_modal(world: World, arguments: Arguments) -> dict[str, Any]:
    user = world.use_trigger(arguments.get("trigger_id"))
    body = _read_view(world, "views.push", arguments, "modal")
    return {"view": as_json(world, put_on_top(world, user, body))}


def update_view(world: World, arguments: Arguments) -> dict[str, Any]:
    wanted, external = arguments.get("view_id"), arguments.get("external_id")
    for view in world.views:
        named = view.id == wanted or (external and view.body.get("external_id") == external)
        if named and view.is_open:
            _check_hash(view, arguments)
            replace(world, view, _read_view(world, "views.update", arguments, view.kind))
            return {"view": as_json(world, view)}
    raise ApiError("not_found")


def publish_home(world: World, arguments: Arguments) -> dict[str, Any]:
    user = arguments.get("user_id")
    if not any(person.id == user for person in world.people.values()):
        raise ApiError("user_not_found")
    body = _read_view(world, "views.publish", arguments, "home")
    view = home_of(world, str(user))
    if view is None:
        view_id = f"V{secrets.token_hex(5).upper()}"
        view = View(view_id, "home", str(user), body, new_hash(), view_id)
        view.state = initial(view.blocks)
        world.views.append(view)
        world.changes.tell()
    else:
        _check_hash(view, arguments)
        replace(world, view, body)
    return {"view": as_json(world, view)}


METHODS = {
    "views.open": open_modal,
    "views.push": push_modal,
    "views.update": update_view,
    "views.publish": publish_home,
}
