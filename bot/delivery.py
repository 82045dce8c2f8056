"""Outbox rows into Slack messages: posted once, edited from then on. At least once; see storage/outbox.py."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.detours import BY_MAIL, must_arrive, next_detour, people_to_tell
from bot.installs import Installs, known
from bot.limits import fitted
from bot.naming import by_name
from bot.people import People
from bot.posting import Posting
from bot.refusals import Meaning, Refused
from bot.rendering import render, rests
from bot.views.blocks import Message, context, without_markup
from bot.views.settings import mention
from core import measures
from core.clock import steady, utc_now
from core.guard import survived
from core.notices import Digest, Expiring, Moved, Notice, QuotaLow, RemindersTold, Trouble, TroubleAloud, decode
from core.operators import CannotWrite, Operators
from core.preferences import quiet_until
from core.progress import card_of as run_card
from core.tracing import span
from core.wording import listed
from storage.database import Database
from storage.due import Waiting
from storage.models import Connection, OutboxMessage, Team
from storage.slack_models import Preferences

log = structlog.get_logger()

AT_ONCE = 50
LEASE = timedelta(seconds=60)
SURE_SECONDS = 2.0
"""So long after a claim it is surely ours still: nobody is taken for dead that soon."""
LONGEST_WAIT = timedelta(minutes=15)
GIVEN_UP_AFTER = timedelta(days=1)
"""How long a notice of no lasting interest waits for a channel that cannot be written to."""
UNASKED = (Trouble, TroubleAloud, Expiring, QuotaLow, RemindersTold, Digest)
"""What comes up by itself, and so waits for the end of the quiet hours."""


@dataclass(frozen=True)
class Errand:
    """A notice and where it goes now."""

    row: OutboxMessage
    notice: Notice
    channel: str
    thread_ts: str | None
    team: Team
    preferences: Preferences
    connection: Connection | None

    def waits_until(self, now: datetime) -> datetime | None:
        """When the quiet hours end that it waits for; None where it may be told now."""
        if self.row.message_ts or not isinstance(self.notice, UNASKED):
            return None
        return quiet_until(self.preferences, self.connection, now)

    @property
    def mentions(self) -> list[str]:
        """Whom it mentions at home."""
        return [] if self.row.to_user or self.row.detour else self.preferences.mentions

    def __repr__(self) -> str:
        return f"<Errand {self.row.id} to {self.channel}>"


def wait_after(attempts: int) -> timedelta:
    """Before another try: 2, 4, 8 … seconds, at most a quarter of an hour."""
    return min(timedelta(seconds=2 ** min(attempts, 12)), LONGEST_WAIT)


class Delivery:
    """Tells Slack what waits in the outbox."""

    def __init__(
        self,
        database: Database,
        installs: Installs,
        client: AsyncWebClient,
        people: People,
        operators: Operators | None = None,
    ) -> None:
        self._database = database
        self._posting = Posting(installs, client)
        self._people = people
        self._operators = operators

    async def tick(self) -> None:
        """Tell what is due, in the order in which it came up; one that fails holds no other workspace's back."""
        async with self._database.unscoped() as unscoped:
            waiting = await unscoped.due.messages(now=utc_now(), limit=AT_ONCE)
        await asyncio.gather(*(self._tell_all(mine) for mine in by_workspace(waiting)))

    async def _tell_all(self, mine: list[Waiting]) -> None:
        for owned in mine:
            await survived("delivery", self._tell(owned), workspace=str(owned.workspace_id), message=str(owned.id))

    async def _tell(self, owned: Waiting) -> None:
        now, began = utc_now(), steady()
        async with self._database.workspace(owned.workspace_id) as store:
            row = await store.outbox.claim(owned.id, now=now, until=now + LEASE)
            if row is None:
                return
        with span("slack.message", story_of(row.card), card=about(row.card)["card"], version=row.version) as it:
            it.note(result=await self._tell_claimed(row, now=now, began=began))

    async def _tell_claimed(self, row: OutboxMessage, *, now: datetime, began: float) -> str:
        """What came of it, in a word."""
        errand = await self._errand(row)
        until = errand.waits_until(now)
        if until is not None:
            async with self._database.workspace(row.workspace_id) as store:
                await store.outbox.postpone(row.id, error="quiet hours", until=until)
            return "quiet_hours"
        if steady() - began > SURE_SECONDS and not await self._still_ours(row):
            return "not_ours"
        try:
            posted_in, ts = await self._say(errand)
        except Refused as refused:
            await self._refused(errand, refused)
            return "refused"
        async with self._database.workspace(row.workspace_id) as store:
            await store.outbox.told(
                row.id,
                version=row.version,
                channel_id=posted_in,
                message_ts=ts,
                now=now,
                next_at=now + rests(errand.notice),
                home=row.detour == 0,
            )
        measures.NOTICES.labels("told").inc()
        log.info("slack.told", workspace=str(row.workspace_id), message=row.id, version=row.version, **about(row.card))
        return "edited" if row.message_ts else "posted"

    async def _still_ours(self, row: OutboxMessage) -> bool:
        """A process that was frozen for long must not say once more what others have said meanwhile."""
        async with self._database.reading(row.workspace_id) as store:
            return await store.outbox.still_ours(row)

    async def _errand(self, row: OutboxMessage) -> Errand:
        async with self._database.reading(row.workspace_id) as store:
            place, team = await store.about.get(), await store.about.team()
            card = await store.outbox.get(row.thread_of) if row.thread_of and not row.channel_id else None
            preferences, connection = await store.preferences.get(), await store.connections.latest()
        channel, thread_ts = row.channel_id or row.to_user or place.channel_id, None
        if card is not None:
            channel, thread_ts = card.channel_id or channel, card.message_ts
        elif row.detour and not row.channel_id:
            people = await people_to_tell(self._database, row.workspace_id)
            channel = people[row.detour - 1] if row.detour <= len(people) else channel
        return Errand(row, decode(row.notice), channel, thread_ts, team, preferences, connection)

    async def _say(self, errand: Errand) -> tuple[str, str]:
        """Post, edit or mail; return the channel and the timestamp by which the message is known. Raise Refused."""
        row, said = errand.row, render(errand.notice)
        named = await by_name(said, self._people, known(errand.team), edits=bool(row.message_ts), now=utc_now())
        message = fitted(mentioning(named, errand))
        if row.to_user == BY_MAIL:
            return await self._mail(message)
        if row.thread_of and not row.message_ts and not errand.thread_ts:
            raise Refused("thread_not_found")
        try:
            return await self._send(errand, message)
        except Refused as refused:
            if refused.meaning is not Meaning.UNSAYABLE:
                raise
            log.error("slack.unsayable", workspace=str(row.workspace_id), message=row.id, error=refused.error)
        return await self._send(errand, Message(message.text, []))

    async def _send(self, errand: Errand, message: Message) -> tuple[str, str]:
        row, team = errand.row, errand.team
        if row.message_ts:
            return await self._posting.edit(team, errand.channel, row.message_ts, message)
        return await self._posting.post(team, errand.channel, message, card=row.card, thread_ts=errand.thread_ts)

    async def _mail(self, message: Message) -> tuple[str, str]:
        if self._operators is None:
            raise Refused("no mail is set up")
        try:
            await self._operators.write(subject="Solido cannot tell this in Slack", text=without_markup(message.text))
        except CannotWrite as error:
            raise Refused(type(error).__name__) from None
        return BY_MAIL, BY_MAIL

    async def _refused(self, errand: Errand, refused: Refused) -> None:
        now, row, meaning = utc_now(), errand.row, refused.meaning
        measures.NOTICES.labels("refused").inc()
        log.warning("slack.refused", workspace=str(row.workspace_id), message=row.id, error=refused.error)
        homeless = meaning in (Meaning.NO_PLACE, Meaning.NO_TEAM)
        if homeless and must_arrive(errand.notice):
            await self._send_round(errand, refused, now=now)
            return
        later = now + (refused.retry_after or wait_after(row.attempts))
        async with self._database.workspace(row.workspace_id) as store:
            box = store.outbox
            if meaning in (Meaning.UNSAYABLE, Meaning.NO_THREAD) or (
                isinstance(errand.notice, Moved) and meaning is not Meaning.PASSES
            ):
                await box.drop(row.id, error=refused.error, version=row.version)
            elif meaning is Meaning.GONE:
                await box.post_anew(row.id, error=refused.error, now=now)
            elif homeless and row.missed_at and now - row.missed_at > GIVEN_UP_AFTER:
                await box.drop(row.id, error=refused.error, version=row.version)
            elif homeless:
                await box.stuck(row.id, error=refused.error, until=later, now=now)
            else:
                await box.postpone(row.id, error=refused.error, until=later)

    async def _send_round(self, errand: Errand, refused: Refused, *, now: datetime) -> None:
        """Have the next one on the way told; after the last, start at home again in a while, and write a mail."""
        row = errand.row
        people = await people_to_tell(self._database, row.workspace_id)
        step = next_detour(row.detour, refused.meaning, len(people))
        async with self._database.workspace(row.workspace_id) as store:
            if step is not None:
                await store.outbox.go_round(row.id, step=step, error=refused.error, now=now, next_at=now)
                return
            await store.outbox.go_round(row.id, step=0, error=refused.error, now=now, next_at=now + LONGEST_WAIT)
            if self._operators is not None:
                await store.outbox.tell_once(f"{row.card}:mail:{stage(errand.notice)}", row.notice, now=now, to=BY_MAIL)


def about(card: str) -> dict[str, str]:
    """What a card is about, for the log: its kind, and the id of the sync it tells of. Nothing of anybody's."""
    kind, _colon, rest = card.partition(":")
    return {"card": kind, **({"run": rest} if card == run_card(rest) else {})}


def story_of(card: str) -> UUID | None:
    """The trace to which telling this card belongs: that of its sync, or of its letter."""
    kind, _colon, rest = card.partition(":")
    try:
        return UUID(rest) if kind in ("run", "letter") else None
    except ValueError:
        return None


def mentioning(message: Message, errand: Errand) -> Message:
    """An open trouble names the people who asked for it. Slack tells them when it is posted, not when it is edited."""
    if not errand.mentions or not isinstance(errand.notice, Trouble) or errand.notice.closed_at:
        return message
    named = f"For {listed([mention(one) for one in errand.mentions])}"
    return Message(f"{message.text} {named}", [*message.blocks, context(named)])


def stage(notice: Notice) -> str:
    """A mail is written when a trouble begins and when it ends, not for each try between."""
    return "over" if getattr(notice, "closed_at", None) else "open"


def by_workspace(waiting: list[Waiting]) -> list[list[Waiting]]:
    """Group, keeping the order within each workspace."""
    groups: dict[object, list[Waiting]] = {}
    for owned in waiting:
        groups.setdefault(owned.workspace_id, []).append(owned)
    return list(groups.values())
