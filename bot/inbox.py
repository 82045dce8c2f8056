"""Slack's requests: each is done once, and each is acknowledged in time, however slow our database is.

Slack waits three seconds. What takes longer than two is acknowledged with a word that it is under way, and goes on; its
answer follows through the request's own `response_url`, or in the dialog it came from. Where many come at once, what
can be answered later is acknowledged as soon as it is noted, and begun one after the other; what may open a dialog is
begun at once and acknowledged without a word, which would stay beside the dialog.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from starlette.requests import Request
from starlette.responses import Response

from bot.installs import Installs
from bot.logs import name_of, of_command
from bot.sent import Sent, in_words, read, sorry, underway
from bot.views.help import broken
from core import measures
from core.batching import Together
from core.clock import steady, utc_now
from core.guard import survived
from core.lull import Lull
from core.tracing import asked, new_id, span
from storage.database import Database

log = structlog.get_logger()

ACK_WITHIN_SECONDS = 2.0
AT_WORK = timedelta(minutes=1)
"""How long a request counts as seen while it is worked on: after a crash Slack's next try is taken."""
LONGEST_RETRY_SECONDS = 30
DRAIN_SECONDS = 10.0
FEW = 3
"""So many requests under way at once are answered each in its own time."""
SLOW_SECONDS = 0.1
LULL_SECONDS = 0.3
"""An answer that may follow lets acknowledgements go before it for so long."""

Handle = Callable[[Request], Awaitable[Response]]
Hear = Callable[[Mapping[str, Any]], Awaitable[None]]


def heard_by(*listeners: Hear) -> Hear:
    """Have several listeners hear an event, one after the other."""

    async def hear(payload: Mapping[str, Any]) -> None:
        for listener in listeners:
            await listener(payload)

    return hear


class Inbox:
    """`handle` does what people ask for and answers, `hear` takes events; `drain` waits for what is under way."""

    def __init__(
        self,
        database: Database,
        installs: Installs,
        client: AsyncWebClient,
        handle: Handle,
        hear: Hear,
        lull: Lull,
    ) -> None:
        self._database = database
        self._installs = installs
        self._client = client
        self._handle = handle
        self._hear = hear
        self._under_way: set[asyncio.Task[Any]] = set()
        self._at_work = 0
        self._crowd = asyncio.Event()
        self._lull = lull
        self._line = asyncio.Lock()
        self._stopping = False
        self._claim = Together(self._claim_each)
        self._settle = Together(self._settle_each)

    async def take(self, request: Request) -> Response:
        """Return the answer, or after two seconds the word that it is under way."""
        with self._lull.disturbed():
            return await self._taken(request)

    async def _taken(self, request: Request) -> Response:
        began, story = steady(), new_id()
        command = name_of(story)
        sent = read(request.headers, await request.body())
        with of_command(command), asked(story, "slack.request", kind=measures.kind_of(sent.kind)):
            noted = asyncio.Event()
            self._count(1)
            in_line = sent.can_wait and self._crowd.is_set() and not sent.dialog
            work = self._start(self._once(request, sent, command, noted, in_line=in_line))
            work.add_done_callback(lambda _work: self._count(-1))
            await self._answered(work, noted, may_follow=sent.can_wait)
            done = work.done()
            if not done:
                self._start(self._later(work, sent))
            seconds = steady() - began
            measures.acknowledged(sent.kind, seconds)
            log.info("slack.acknowledged", kind=sent.kind, seconds=round(seconds, 3), under_way=not done)
        return work.result() if done else underway(sent)

    async def drain(self) -> None:
        self._stopping = True
        self._lull.end()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=DRAIN_SECONDS)

    async def tidy(self) -> None:
        """Forget requests whose repetition would not be accepted anyway."""
        async with self._database.unscoped() as unscoped:
            await unscoped.seen.forget_old(now=utc_now())

    def _start(self, work: Awaitable[Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _count(self, more: int) -> None:
        self._at_work += more
        (self._crowd.set if self._at_work > FEW else self._crowd.clear)()

    async def _answered(self, work: asyncio.Task[Response], noted: asyncio.Event, *, may_follow: bool) -> None:
        """Wait for the answer, two seconds at most; where it may follow only until the request is noted and many are
        under way."""

        async def crowded() -> None:
            await noted.wait()
            await self._crowd.wait()

        enough = asyncio.create_task(crowded()) if may_follow else work
        try:
            await asyncio.wait({work, enough}, timeout=ACK_WITHIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if enough is not work:
                enough.cancel()

    async def _once(
        self, request: Request, sent: Sent, command: str, noted: asyncio.Event, *, in_line: bool
    ) -> Response:
        """Do the work unless this very request has come before; never raises. `noted` is set once nobody else will do
        it, or there is nothing to do."""
        answers: list[Response] = []

        async def work() -> None:
            if not await self._claim(sent):
                log.info("slack.seen_before", kind=sent.kind)
                answers.append(Response())
                return
            noted.set()
            answers.append(await self._answer(request, sent, in_line=in_line))
            await self._settle((sent, answers[0].status_code))

        try:
            if not await survived("slack.request", work(), reference=command) and not answers:
                await survived("slack.release", self._settle((sent, 500)))
                return sorry(sent, broken(command))
        finally:
            noted.set()
        return answers[0]

    async def _answer(self, request: Request, sent: Sent, *, in_line: bool) -> Response:
        with span("slack.work"):
            if sent.event is None:
                return await (self._in_turn(request) if in_line else self._handle(request))
            await self._hear(sent.event)
            return Response()

    async def _in_turn(self, request: Request) -> Response:
        """Where many are under way, begin one after the other: acknowledgements go before what they announce. What
        takes long keeps nobody waiting: it waits for Slack, most likely."""
        if self._at_work <= FEW or self._stopping:
            return await self._handle(request)
        async with self._line, self._lull.turn(LULL_SECONDS):
            answer: asyncio.Task[Response] = self._start(self._handle(request))
            await asyncio.wait({answer}, timeout=SLOW_SECONDS)
        return await answer

    async def _claim_each(self, requests: Sequence[Sent]) -> list[bool]:
        now = utc_now()
        async with self._database.at_once() as unscoped:
            return await unscoped.seen.claim_each([list(sent.keys) for sent in requests], now=now, until=now + AT_WORK)

    async def _settle_each(self, ended: Sequence[tuple[Sent, int]]) -> list[None]:
        """Remember requests for as long as they could come again; forget those of which nothing came."""
        now = utc_now()
        kept: defaultdict[timedelta, list[str]] = defaultdict(list)
        released: list[str] = []
        for sent, status in ended:
            for name, remembered in sent.keys.items():
                (released if status >= 500 else kept[remembered]).append(name)
        async with self._database.at_once() as unscoped:
            if released:
                await unscoped.seen.release(released)
            for remembered, names in kept.items():
                await unscoped.seen.keep(names, until=now + remembered)
        return [None] * len(ended)

    async def _later(self, work: asyncio.Task[Response], sent: Sent) -> None:
        answer = await work
        await survived("slack.late_answer", self._deliver(bytes(answer.body), sent))

    async def _deliver(self, body: bytes, sent: Sent) -> None:
        """Bring an answer that came too late for its request to where the person waits for it."""
        if not body.strip():
            return
        said = as_json(body)
        if sent.kind == "command" and sent.response_url:
            await send_to(self._client, sent.response_url, said)
        elif sent.kind == "view_submission":
            team = await self._installs.find(enterprise_id=sent.enterprise_id, slack_team_id=sent.team_id)
            if team is not None:
                view = said.get("view") or in_words(said.get("errors") or {})
                token = await self._installs.token(team)
                await self._client.views_update(token=token, view_id=sent.view_id, view=view)


async def send_to(client: AsyncWebClient, response_url: str, said: dict[str, Any]) -> int:
    """Use a `response_url` over the client's own connections, once more where Slack asks to wait a little; return the
    status. Slack allows five uses in half an hour, and we never take more than two."""
    hook = AsyncWebhookClient(response_url, session=client.session)
    sent = await hook.send_dict(said)
    wait = str(sent.headers.get("Retry-After") or sent.headers.get("retry-after") or "")
    if sent.status_code == 429 and wait.isdigit() and int(wait) <= LONGEST_RETRY_SECONDS:
        await asyncio.sleep(int(wait))
        sent = await hook.send_dict(said)
    if sent.status_code != 200:
        log.warning("slack.answer_refused", status=sent.status_code)
    return sent.status_code


def as_json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        said = {"text": body.decode(errors="replace")}
    return said if isinstance(said, dict) else {}
