"""The emulated workspace: who is there, what was said, and what is set to go wrong."""

import itertools
import secrets
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from .changes import Changes
from .records import (
    ApiError,
    Blocks,
    Call,
    Channel,
    Edit,
    Fault,
    FaultKind,
    Installing,
    Kind,
    Message,
    Person,
    Refused,
    ResponseUrl,
    Team,
    Trigger,
    View,
)
from .sockets import Sockets
from .state import initial, with_ids

RESPONSE_URL_LIFE = timedelta(minutes=30)
TRIGGER_LIFE = timedelta(seconds=3)
OTHER_TEAM = "T0OTHER"
SLACKBOT = "USLACKBOT"


def default_people(team_id: str) -> dict[str, Person]:
    return {
        "admin": Person("admin", "U0ADMIN", "Admin", team_id, "D0ADMIN", is_admin=True),
        "member": Person("member", "U0MEMBER", "Member", team_id, "D0MEMBER"),
        "guest": Person("guest", "U0GUEST", "Guest", team_id, "D0GUEST", is_restricted=True),
        "outsider": Person("outsider", "U0OUTSIDE", "Outsider", OTHER_TEAM, "D0OUTSIDE", is_stranger=True),
    }


def default_channels(people: dict[str, Person], bot: str) -> dict[str, Channel]:
    """Return #finance (shared with the outsider), #finance-nz, #general, and one DM with the bot for each person."""
    admin, member, guest, outsider = (people[role].id for role in ("admin", "member", "guest", "outsider"))
    channels = [
        Channel("finance", "C0FINANCE", "finance", {bot, admin, member, guest, outsider}),
        Channel("finance-nz", "C0FINNZ", "finance-nz", {bot, admin, member}),
        Channel("general", "C0GENERAL", "general", {admin, member, guest}),
    ]
    channels += [Channel(f"dm-{p.role}", p.dm, "directmessage", {bot, p.id}, is_im=True) for p in people.values()]
    return {channel.key: channel for channel in channels}


class World:
    """Everything the emulation knows. `clock` is the desk's time (stamps, lifetimes), `now` the real one to sign."""

    def __init__(
        self,
        *,
        signing_secret: str,
        bot_token: str,
        team_id: str = "T0SOLIDO",
        team_name: str = "Harbour Lane",
        team_url: str = "",
        bot_user_id: str = "U0SOLIDO",
        bot_id: str = "B0SOLIDO",
        app_id: str = "A0SOLIDO",
        clock: Callable[[], datetime] | None = None,
        now: Callable[[], float] = time.time,
        strict_rate: bool = False,
        scopes: Collection[str] | None = None,
        ack_limit: float = 3.0,
    ) -> None:
        self.signing_secret, self.bot_token = signing_secret, bot_token
        self.bot_user_id, self.bot_id, self.app_id = bot_user_id, bot_id, app_id
        self.clock = clock or (lambda: datetime.now(UTC))
        self.now, self.strict_rate, self.scopes, self.ack_limit = now, strict_rate, scopes, ack_limit
        self.team = Team(team_id, team_name, team_name.lower().replace(" ", "-"), url=team_url)
        self.others: dict[str, Team] = {}
        self.tokens: dict[str, str] = {}
        self.installing = Installing()
        self.people = default_people(team_id)
        self.channels = default_channels(self.people, bot_user_id)
        self.base_url = self.request_url = ""
        self.messages: list[Message] = []
        self.posts: list[Message] = []
        self.ephemerals: list[Message] = []
        self.views: list[View] = []
        self.calls: list[Call] = []
        self.refused: list[Refused] = []
        self.faults: list[Fault] = []
        self.files: list[Any] = []
        self.changes = Changes()
        self.token_error: str | None = None
        self.app_token = ""
        self.sockets: Sockets | None = None
        self.response_urls: dict[str, ResponseUrl] = {}
        self.triggers: dict[str, Trigger] = {}
        self._http: httpx.AsyncClient | None = None
        self.last_ts = 0
        self.fresh_ids = (f"b{n:04d}" for n in itertools.count(1))

    async def use_sockets(self, app_token: str) -> None:
        """Bring requests over Socket Mode from now on, to apps that open a line with this token."""
        self.app_token, self.sockets = app_token, Sockets(self.app_id, self.changes.tell)
        await self.sockets.start()

    @property
    def http(self) -> httpx.AsyncClient:
        """The client that delivers to the product; made when first needed."""
        if self._http is None:
            plain = False  # HTTP on loopback: reading certificates takes longer than a delivery
            self._http = httpx.AsyncClient(trust_env=False, verify=plain)
        return self._http

    @http.setter
    def http(self, client: httpx.AsyncClient) -> None:
        self._http = client

    def person(self, who: str) -> Person:
        """Return a person by role or user id; LookupError when there is none."""
        for person in self.people.values():
            if who in (person.role, person.id):
                return person
        raise LookupError(f"nobody here is {who!r}: {sorted(self.people)}")

    def channel(self, where: str) -> Channel:
        """Return a channel by key, #name or id; LookupError when there is none."""
        for channel in self.channels.values():
            if where in (channel.key, channel.id, f"#{channel.name}"):
                return channel
        raise LookupError(f"no channel {where!r}: {sorted(self.channels)}")

    def add_team(self, team: Team, *, token: str | None = None) -> None:
        """Have another team; with `token` it has the app installed. `tokens` are those Slack accepts, besides
        `bot_token`, and whose they are."""
        self.others[team.id] = team
        if token is not None:
            self.tokens[token] = team.id

    def add_person(self, person: Person) -> None:
        """Have another person, who can be written to by the app."""
        self.people[person.role] = person
        dm = Channel(f"dm-{person.role}", person.dm, "directmessage", {self.bot_user_id, person.id}, is_im=True)
        self.add_channel(dm, person.team_id)

    def add_channel(self, channel: Channel, team_id: str = "") -> None:
        channel.team_id = team_id
        self.channels[channel.key] = channel

    def team_with(self, team_id: str) -> Team:
        """A team by id; the first one for an id that nobody has."""
        return self.others.get(team_id, self.team)

    def has_app(self, team_id: str) -> bool:
        return team_id == self.team.id or team_id in self.tokens.values()

    def is_shared(self, channel: Channel) -> bool:
        """Say whether people of another team are in the channel (Slack Connect)."""
        home = channel.team_id or self.team.id
        foreign = {person.id for person in self.people.values() if person.team_id != home}
        return not channel.is_im and bool(channel.members & foreign)

    def next_ts(self) -> str:
        """Return a message timestamp: the desk's time in microseconds, never the same twice."""
        self.last_ts = max(self.last_ts + 1, round(self.clock().timestamp() * 1_000_000))
        return f"{self.last_ts // 1_000_000}.{self.last_ts % 1_000_000:06d}"

    def say(
        self,
        channel: Channel,
        text: str,
        blocks: Blocks,
        *,
        by: str,
        kind: Kind,
        to: str | None = None,
        thread_ts: str | None = None,
    ) -> Message:
        """Put a message into a channel; with `to` only that user id sees it."""
        filled = with_ids(blocks, self.fresh_ids)
        message = Message(channel.id, self.next_ts(), self.clock(), text, filled, by, kind, thread_ts, to)
        message.state = initial(filled)
        self.messages.append(message)
        if to is not None:
            self.ephemerals.append(message)
        elif kind == "post" and thread_ts is None:
            self.posts.append(message)
        self.changes.tell()
        return message

    def thread_of(self, message: Message) -> list[Message]:
        """What was said in the thread of a message that everybody in the channel can see, oldest first."""
        return [m for m in self.messages if m.thread_ts == message.ts and m.channel == message.channel]

    def edit(self, message: Message, text: str, blocks: Blocks) -> None:
        message.edits.append(Edit(self.clock(), message.text, message.blocks))
        message.text, message.blocks = text, with_ids(blocks, self.fresh_ids)
        message.state, message.shows_edited = initial(message.blocks), not blocks
        self.changes.tell()

    def delete(self, message: Message) -> None:
        message.deleted = True
        self.changes.tell()

    def new_trigger(self, user: str) -> str:
        trigger_id = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(user, self.clock() + TRIGGER_LIFE)
        return trigger_id

    def use_trigger(self, trigger_id: object) -> str:
        """Exchange a trigger for the user id it stands for; ApiError when unknown, used or older than 3 s."""
        trigger = self.triggers.get(trigger_id) if isinstance(trigger_id, str) else None
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.is_used:
            raise ApiError("exchanged_trigger_id")
        if self.clock() > trigger.expires_at:
            raise ApiError("expired_trigger_id")
        trigger.is_used = True
        return trigger.user

    def new_response_url(self, channel: str, user: str, original: Message | None = None) -> ResponseUrl:
        token = secrets.token_urlsafe(24)
        url = ResponseUrl(token, channel, user, self.clock() + RESPONSE_URL_LIFE, original=original)
        self.response_urls[token] = url
        return url

    def refuse(self, where: str, error: str, problems: list[str], payload: object) -> None:
        self.refused.append(Refused(where, error, problems, payload))
        self.changes.tell()

    def break_next(
        self,
        kind: FaultKind,
        *,
        method: str | None = None,
        times: int | None = 1,
        seconds: float = 4.0,
        retry_after: int = 30,
    ) -> None:
        """Let the next `times` calls go wrong (None: until healed).

        Channel errors concern `chat.*`, `posted-then-cut` chat.postMessage, the others every Web API method, unless
        `method` names one. `method="response_url"` breaks answers to a response_url instead.
        """
        self.faults.append(Fault(kind, method, times, seconds, retry_after))
        self.changes.tell()

    def take_fault(self, method: str) -> Fault | None:
        """Return the fault that strikes this call, and count it down."""
        fault = next((one for one in self.faults if one.concerns(method)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
        return fault

    def heal(self) -> None:
        """Let everything work again, a revoked token included."""
        self.faults.clear()
        self.token_error = None
        self.changes.tell()
