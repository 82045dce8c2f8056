"""What a person does on the page's Slack side: each order is a JSON object with an `action`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, get_args

from sandbox.slack import FakeSlack, Message, Reply, View
from sandbox.slack.records import FaultKind

Order = Mapping[str, Any]
FAULTS: tuple[FaultKind, ...] = get_args(FaultKind)


def _text(order: Order, name: str) -> str:
    value = order.get(name)
    if not isinstance(value, str) or not value:
        raise LookupError(f"{name} is missing")
    return value


def _target(slack: FakeSlack, order: Order) -> Message | View:
    wanted = _text(order, "target")
    for message in slack.messages:
        if message.ts == wanted:
            return message
    return _view(slack, wanted)


def _view(slack: FakeSlack, wanted: str) -> View:
    for view in slack.views:
        if view.id == wanted:
            return view
    raise LookupError("That is not there any more.")


async def say(slack: FakeSlack, order: Order) -> Reply:
    text, user, channel = _text(order, "text").strip(), _text(order, "as"), _text(order, "channel")
    if text.startswith("/"):
        command, _, rest = text.partition(" ")
        return await slack.command(rest.strip(), user=user, channel=channel, command=command)
    slack.say_line(text, user=user, channel=channel)
    return Reply()


async def press(slack: FakeSlack, order: Order) -> Reply:
    element = _text(order, "element")
    return await slack.press(_target(slack, order), element, user=_text(order, "as"), value=order.get("value"))


async def submit(slack: FakeSlack, order: Order) -> Reply:
    values = order.get("values")
    if not isinstance(values, dict):
        raise LookupError("values is missing")
    return await slack.submit(_view(slack, _text(order, "target")), values, user=_text(order, "as"))


async def close(slack: FakeSlack, order: Order) -> Reply:
    return await slack.close(_view(slack, _text(order, "target")), user=_text(order, "as"))


async def home(slack: FakeSlack, order: Order) -> Reply:
    return await slack.open_home(_text(order, "as"))


async def break_next(slack: FakeSlack, order: Order) -> Reply:
    times = order.get("times", 1)
    kind = next((one for one in FAULTS if one == order.get("kind")), None)
    if kind is None or not (times is None or (isinstance(times, int) and times > 0)):
        raise LookupError(f"No such fault: {order.get('kind')}")
    slack.break_next(kind, times=times)
    return Reply()


async def heal(slack: FakeSlack, order: Order) -> Reply:
    slack.heal()
    return Reply()


ACTS: dict[str, Callable[[FakeSlack, Order], Awaitable[Reply]]] = {
    "say": say,
    "press": press,
    "submit": submit,
    "close": close,
    "home": home,
    "break": break_next,
    "heal": heal,
}
