"""What the channel hears of letters: once a day what went, and at once what went wrong."""

from datetime import datetime
from uuid import UUID

from core.notices import LetterTold, RemindersTold, encode
from core.reminders.outlook import Outlook
from core.reminders.rules import THANKS
from storage.reminder_models import LetterState
from storage.store import WorkspaceStore

TOLD_AT_ONCE = (LetterState.BOUNCED, LetterState.UNKNOWN)


async def letter(store: WorkspaceStore, letter_id: UUID, *, now: datetime, bounced: tuple[str, ...] = ()) -> None:
    """Have the letter's message say how it stands; one that simply went has none, unless it had one before."""
    row = await store.letters.get(letter_id)
    if row is None:
        return
    await store.session.refresh(row)
    card = f"letter:{letter_id}"
    if row.state not in TOLD_AT_ONCE and not bounced and await store.outbox.get(card) is None:
        return
    notice = LetterTold(
        workspace_id=store.id,
        letter_id=letter_id,
        state=row.state,
        customer=row.contact_name,
        numbers=[reminder.number for reminder in await store.letters.reminders([letter_id])],
        at=row.claimed_at,
        bounced=list(bounced),
        decided_by=row.decided_by,
    )
    await store.outbox.tell(card, encode(notice), now=now)


async def day(store: WorkspaceStore, outlook: Outlook, *, now: datetime) -> None:
    """Tell the day's letters in one line, at most once a day and only where there were any."""
    it = outlook.standing
    letters = await store.letters.of_day(it.today)
    told = await store.letters.reminders([row.id for row in letters])
    reminds = {one.letter_id for one in told if one.step != THANKS.days}
    letters = [row for row in letters if row.id in reminds]
    went = [row for row in letters if row.state in (LetterState.SENT, LetterState.UNKNOWN)]
    refused = {row.contact_id for row in letters if row.state == LetterState.REFUSED} - {r.contact_id for r in went}
    if not (went or refused) or not await store.reminders.told_today(it.today):
        return
    notice = RemindersTold(
        organisation=it.connection.tenant_name,
        day=it.today,
        letters=len(went),
        invoices=len(await store.letters.reminders([row.id for row in went])),
        held=len(outlook.plan(now).held),
        refused=len(refused),
    )
    await store.outbox.tell(f"reminders:{it.today.isoformat()}", encode(notice), now=now)
