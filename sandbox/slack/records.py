"""What the emulated Slack remembers: plain records, no behaviour."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Blocks = list[dict[str, Any]]
Kind = Literal["post", "reply", "person", "slackbot"]
FaultKind = Literal[
    "ratelimited",
    "channel_not_found",
    "is_archived",
    "not_in_channel",
    "token_revoked",
    "internal_error",
    "down",
    "cut",
    "slow",
    "posted-then-cut",
]


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is None when nothing did; `error` is what Slack then calls it."""

    status: int | None
    body: bytes = b""
    content_type: str = ""
    error: Literal["dispatch_failed", "operation_timeout"] | None = None

    def json(self) -> Any:
        """Return the decoded body; ValueError when it is not JSON."""
        return json.loads(self.body)


class ApiError(Exception):
    """A Web API error: `error` is Slack's code, `more` goes into the answer beside it."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


@dataclass(frozen=True)
class Team:
    """`url` is where browsers find the team; without one it is Slack's own."""

    id: str
    name: str
    domain: str
    url: str = ""


@dataclass
class Person:
    """Someone who can type and press. `role` is the name tests use; flags are those of `users.info`."""

    role: str
    id: str
    name: str
    team_id: str
    dm: str
    is_admin: bool = False
    is_restricted: bool = False
    is_stranger: bool = False
    is_bot: bool = False
    deleted: bool = False
    tz: str = "Europe/London"


@dataclass
class Channel:
    """A conversation. `members` are user ids, the bot's own included when it was invited; without `team_id` it is the
    first team's."""

    key: str
    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    team_id: str = ""


@dataclass(frozen=True)
class Edit:
    """A version of a message before it was edited at `at`."""

    at: datetime
    text: str
    blocks: Blocks


@dataclass(eq=False)
class Message:
    """`channel` and `by` are ids; `edits` are earlier versions, oldest first; `ephemeral_to` is a user id.

    `kind`: `post` (chat.postMessage), `reply` (command answer, response_url, chat.postEphemeral), `person`
    (typed by someone) or `slackbot` (Slack's own words). `shows_edited` follows Slack: no mark when blocks are used.
    """

    channel: str
    ts: str
    at: datetime
    text: str
    blocks: Blocks
    by: str
    kind: Kind
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    edits: list[Edit] = field(default_factory=list)
    shows_edited: bool = False
    deleted: bool = False
    metadata: dict[str, Any] | None = None
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    warning: str = ""


@dataclass(eq=False)
class View:
    """An opened modal (`kind` "modal") or somebody's published Home. `body` is the view as the app gave it."""

    id: str
    kind: Literal["modal", "home"]
    user: str
    body: dict[str, Any]
    hash: str
    root_id: str
    previous_id: str | None = None
    is_open: bool = True
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> Blocks:
        blocks: Blocks = self.body["blocks"]
        return blocks


@dataclass
class Reply:
    """What a person gets back at once; `status` is the product's HTTP status, None when nothing was sent.

    `said` are Slack's own words when it failed. `later` grows as the product uses the response_url of this act.
    """

    status: int | None = None
    text: str = ""
    blocks: Blocks = field(default_factory=list)
    response_type: str = "ephemeral"
    error: Literal["dispatch_failed", "operation_timeout", "unknown_command"] | None = None
    said: str = ""
    url: str | None = None
    response_action: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    message: Message | None = None
    later: list[Message] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """One Web API call the product made. Nothing secret is kept."""

    at: datetime
    method: str
    ok: bool
    error: str | None


@dataclass(frozen=True)
class Refused:
    """A payload Slack would not take: `where` is a method, `command answer`, `response_url` or `view answer`."""

    where: str
    error: str
    problems: list[str]
    payload: Any


@dataclass
class ResponseUrl:
    """A `response_url`: five uses in thirty minutes. Source: slack.md 2.3."""

    token: str
    channel: str
    user: str
    expires_at: datetime
    uses_left: int = 5
    original: Message | None = None
    messages: list[Message] = field(default_factory=list)


@dataclass
class Trigger:
    """A `trigger_id`: once, within three seconds. Source: slack.md 3.3."""

    user: str
    expires_at: datetime
    is_used: bool = False


@dataclass
class Fault:
    """Something set to go wrong. `times` is None for "until healed"; `seconds` is the wait of a slow answer."""

    kind: FaultKind
    method: str | None
    times: int | None
    seconds: float
    retry_after: int

    def concerns(self, method: str) -> bool:
        if self.method is not None:
            return self.method == method
        if self.kind == "posted-then-cut":
            return method == "chat.postMessage"
        if self.kind in ("channel_not_found", "is_archived", "not_in_channel"):
            return method.startswith("chat.")
        return method != "response_url"


@dataclass(frozen=True)
class Code:
    """What somebody allowed, until the app exchanges it for a token."""

    person: Person
    redirect_uri: str
    scope: str
    enterprise_id: str
    expires_at: datetime


@dataclass
class Installing:
    """What installing needs. `rotating` hands out tokens that live twelve hours; `enterprise_id` has the app installed
    for a whole organisation."""

    client_id: str = "1.2"
    client_secret: str = "sandbox-slack-client-secret"
    rotating: bool = False
    enterprise_id: str = ""
    codes: dict[str, Code] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    expires: dict[str, datetime] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Installing with {len(self.codes)} codes>"
