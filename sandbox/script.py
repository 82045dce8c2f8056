"""`--script FILE`: a story played without a browser, printed as Slack would show it. The format is in docs/sandbox.md.

One step a line. What follows from a step is waited for, and printed; `expect` looks at what the step before it brought.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from sandbox.browser import CannotConnect, Visit, link_in
from sandbox.desk import Desk
from sandbox.mail.desk import act as mail_act
from sandbox.page.acts import ACTS as SLACK_ACTS
from sandbox.slack import Message, Reply
from sandbox.webhook_levers import act as webhook_act
from sandbox.xero.acts import ActError
from sandbox.xero.acts import act as xero_act

ANSWER_SECONDS = 3.0
UNITS = {"second": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
SPAN = re.compile(r"(\d+) ?([a-z]+?)s?")
MENTION = re.compile(r"<[@#](\w+)(?:\|[^>]*)?>")
LABELLED = re.compile(r"<[^|>]+\|([^>]*)>")
BREAK = re.compile(r"(xero|slack|mail|webhooks) ([\w-]+)(?: (\d+) times| until healed)?")
BE = re.compile(r"(\w+)(?: in #?([\w-]+))?")


class ScriptError(Exception):
    """A line that cannot be played, or an expectation that was not met; the message names the line."""


class Unmet(ScriptError):
    """What was expected did not happen."""


@dataclass(frozen=True)
class Step:
    number: int
    verb: str
    rest: str

    def __str__(self) -> str:
        return f"{self.verb} {self.rest}".strip()


def read(path: Path) -> list[Step]:
    """The steps of a file. Raises ScriptError that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as why:
        raise ScriptError(f"{path.name} cannot be read: {why}.") from None
    steps = []
    for number, line in enumerate(lines, 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        verb, _, rest = words.partition(" ")
        if verb not in VERBS:
            raise ScriptError(f"Line {number}: there is no step “{verb}”; there are {', '.join(VERBS)}.")
        steps.append(Step(number, verb, rest.strip()))
    return steps


@dataclass
class Player:
    """Plays steps at a desk that was started. `tell` gets each line that is to be printed."""

    desk: Desk
    tell: Callable[[str], object]
    user: str = "admin"
    channel: str = "finance"
    _shown: dict[int, tuple[int, bool]] = field(default_factory=dict)
    _letters: int = 0
    _news: list[str] = field(default_factory=list)
    _mail: list[str] = field(default_factory=list)

    async def play(self, steps: Sequence[Step]) -> None:
        """All of them, up to the first that fails. Raises ScriptError."""
        for step in steps:
            self.tell(f"> {step}")
            try:
                await VERBS[step.verb](self, step.rest)
            except Unmet as why:
                raise Unmet(f"Line {step.number}: {why}") from None
            except (LookupError, ValueError, ActError, CannotConnect) as why:
                raise ScriptError(f"Line {step.number}: {why.args[0]}") from why

    async def follow(self, reply: Reply | None = None) -> None:
        """Wait for what follows, and print it."""
        if reply is not None and reply.error is None and reply.status is not None and reply.message is None:
            with contextlib.suppress(TimeoutError):
                await self.desk.slack.until(lambda: bool(reply.later) or self._modal_open(), within=ANSWER_SECONDS)
        await self.desk.settled()
        self.show_news()

    def _modal_open(self) -> bool:
        return self.desk.slack.modal(self.user) is not None

    def show_news(self) -> None:
        self._news, self._mail = [], []
        for message in self.desk.slack.messages:
            now = (len(message.edits), message.deleted)
            before = self._shown.get(id(message))
            if before != now and not message.deleted:
                self._print(message, edited=before is not None)
            self._shown[id(message)] = now
        for letter in self.desk.mailbox.letters[self._letters :]:
            self._mail.append(f"{', '.join(letter.recipients)} {letter.subject}\n{letter.text or ''}")
            self.tell(f"  letter to {', '.join(letter.recipients)}: {letter.subject}")
        self._letters = len(self.desk.mailbox.letters)

    def _print(self, message: Message, *, edited: bool) -> None:
        slack = self.desk.slack
        channel = slack.channel(message.channel)
        who = next((one.name for one in slack.people.values() if one.id == message.by), None)
        who = who or ("Solido" if message.by == slack.bot_user_id else "Slackbot")
        marks = ["only visible to one"] * (message.ephemeral_to is not None) + ["edited"] * edited
        place = f"DM {channel.key.removeprefix('dm-')}" if channel.is_im else f"#{channel.name}"
        said = "\n    ".join([*self._plain(message.text).splitlines(), *buttons_of(message)])
        self._news.append(said)
        note = f" ({', '.join(marks)})" if marks else ""
        self.tell(f"  {place} {who} {message.at:%d %b %H:%M}{note}\n    {said}")

    def _plain(self, text: str) -> str:
        """Slack's markup as a terminal can show it: names for ids, the words of dates and links."""
        slack = self.desk.slack
        names = {one.id: f"@{one.name}" for one in slack.people.values()}
        names |= {one.id: f"#{one.name}" for one in slack.channels.values()}
        text = MENTION.sub(lambda found: names.get(found[1], found[1]), text)
        return unescape(LABELLED.sub(r"\1", text))

    def newest_with(self, button: str) -> Message:
        """The newest message this person sees that has such a button."""
        person = self.desk.slack.person(self.user)
        for message in reversed(self.desk.slack.messages):
            mine = message.ephemeral_to in (None, person.id) and not message.deleted
            if mine and any(button.lower() in one.lower() for one in labels_of(message)):
                return message
        raise LookupError(f"no message has a button “{button}”.")

    def noted(self, line: str) -> None:
        """Print something that can be expected like a message."""
        self._news.append(line)
        self.tell(f"  {line}")

    def said(self, text: str) -> bool:
        return any(text.lower() in one.lower() for one in self._news)

    def wrote(self, text: str) -> bool:
        """Whether a letter with this in its text, subject or recipients went out; empty for any letter."""
        return any(text.lower() in one.lower() for one in self._mail)


def elements_of(message: Message) -> list[dict[str, Any]]:
    found = []
    for block in message.blocks:
        found += [*block.get("elements", []), block.get("accessory") or {}]
    return [one for one in found if one.get("type") == "button"]


def labels_of(message: Message) -> list[str]:
    return [one["text"]["text"] for one in elements_of(message)]


def buttons_of(message: Message) -> list[str]:
    """The row of buttons as it is printed."""
    labels = labels_of(message)
    return [" ".join(f"[{label}]" for label in labels)] if labels else []


async def be(player: Player, rest: str) -> None:
    found = BE.fullmatch(rest)
    if not found:
        raise ValueError("say who to be, like: be member in finance-nz")
    player.user = player.desk.slack.person(found[1]).role
    player.channel = player.desk.slack.channel(found[2]).key if found[2] else player.channel


async def say(player: Player, rest: str) -> None:
    order = {"text": rest, "as": player.user, "channel": player.channel}
    await player.follow(await SLACK_ACTS["say"](player.desk.slack, order))


async def press(player: Player, rest: str) -> None:
    """In the open dialog where there is one, else in the newest message with such a button; confirms what is asked."""
    slack = player.desk.slack
    modal = slack.modal(player.user)
    target = modal or player.newest_with(rest)
    label = rest if modal else next(one for one in labels_of(player.newest_with(rest)) if rest.lower() in one.lower())
    await player.follow(await slack.press(target, label, user=player.user))


async def fill(player: Player, rest: str) -> None:
    """`fill name=value; name=value`: fill in the open dialog and submit it."""
    modal = player.desk.slack.modal(player.user)
    if modal is None:
        raise LookupError("no dialog is open.")
    pairs = [pair.partition("=") for pair in rest.split(";") if pair.strip()]
    values = {name.strip(): value.strip() for name, _, value in pairs}
    reply = await player.desk.slack.submit(modal, values, user=player.user)
    await player.follow()
    for words in reply.errors.values():
        player.noted(f"refused: {words}")


async def allow(player: Player, rest: str) -> None:
    """Open the newest connect link and allow this organisation in Xero."""
    link = link_in(player.newest_with("connect"))
    async with Visit(player.desk) as visit:
        player.tell(f"  {await visit.follow(link, rest)}")
    await player.follow()


async def forward(player: Player, rest: str) -> None:
    if rest == "clock change":
        lines = await player.desk.through_clock_change()
    else:
        found = SPAN.fullmatch(rest)
        if not found or found[2] not in UNITS:
            raise ValueError("say how long, like: forward 15 minutes, or: forward clock change")
        lines = await player.desk.forward(int(found[1]) * UNITS[found[2]])
    player.show_news()
    for line in lines:
        if line.what == "note":
            player.tell(f"  {line.text}")


async def xero(player: Player, rest: str) -> None:
    """`xero pay INV-1001 [12.50]`, `xero void|credit INV-1001`, `xero revoke NAME`, `xero kill_refresh_tokens` …"""
    action, _, about = rest.partition(" ")
    words = about.split()
    order: dict[str, Any] = {"action": action}
    for books in player.desk.xero.organisations:
        if books.name == about:
            order["tenant_id"] = books.tenant_id
        found = [one for one in books.invoices if words and one.number == words[0]]
        if found and "invoice_id" not in order:
            order |= {"invoice_id": found[0].id, "tenant_id": books.tenant_id}
            if len(words) > 1:
                order["on" if action == "change_due_date" else "amount"] = words[1]
    player.tell(f"  {xero_act(player.desk.xero, order)}")


async def break_it(player: Player, rest: str) -> None:
    found = BREAK.fullmatch(rest)
    if not found:
        raise ValueError("say what, like: break xero 500, break slack down 3 times, break mail busy until healed")
    times = int(found[3]) if found[3] else None if rest.endswith("until healed") else 1
    match found[1]:
        case "xero":
            xero_act(player.desk.xero, {"action": "fault", "kind": found[2], "times": times})
        case "slack":
            await SLACK_ACTS["break"](player.desk.slack, {"kind": found[2], "times": times})
        case "mail":
            mail_act(player.desk.mailbox, {"action": "break", "kind": found[2], "times": times})
        case _:
            webhook_act(player.desk.courier, {"action": "break", "kind": found[2], "times": times})


async def heal(player: Player, rest: str) -> None:
    player.desk.xero.heal()
    player.desk.slack.heal()
    player.desk.mailbox.heal()
    player.desk.courier.troubles.clear()


async def expect(player: Player, rest: str) -> None:
    """`expect TEXT`, `expect no TEXT`, `expect letter TEXT`, `expect no letter [TEXT]`, `expect tour STEP`."""
    kind, _, text = rest.partition(" ")
    if rest == "no letter" or rest.startswith("no letter "):
        met = not player.wrote(rest.removeprefix("no letter").strip())
    elif kind == "no":
        met = not player.said(text)
    elif kind == "letter":
        met = player.wrote(text)
    elif kind == "tour":
        await player.desk.tour.look()
        met = text in player.desk.tour.done
    else:
        met = player.said(rest)
    if not met:
        raise Unmet(f"expected {rest}, which is not what was shown.")


async def wait(player: Player, rest: str) -> None:
    """Real seconds, for what is slow on purpose."""
    await asyncio.sleep(min(float(rest), 60.0))
    await player.follow()


VERBS: dict[str, Callable[[Player, str], Awaitable[None]]] = {
    "be": be,
    "say": say,
    "press": press,
    "fill": fill,
    "allow": allow,
    "forward": forward,
    "xero": xero,
    "break": break_it,
    "heal": heal,
    "wait": wait,
    "expect": expect,
}
"""`allow` opens the newest connect link; see docs/sandbox.md for all of them."""
