"""From a notice to the message that tells it."""

from datetime import timedelta

from bot.views import connections, digest, endings, letters, quotas, restored, syncs, troubles
from bot.views.blocks import Message
from core.notices import (
    Connected,
    ConnectFailed,
    CreditAsked,
    Digest,
    Disconnected,
    Expiring,
    LetterTold,
    Moved,
    Notice,
    QuotaLow,
    RemindersDecided,
    RemindersTold,
    Restored,
    SyncTold,
    Trouble,
    TroubleAloud,
    TroubleStory,
    Unsubscribed,
)

BETWEEN_EDITS = timedelta(seconds=1)
BETWEEN_TROUBLE_EDITS = timedelta(seconds=45)


def render(notice: Notice) -> Message:
    match notice:
        case Connected():
            return connections.connected(notice)
        case Disconnected():
            return connections.disconnected(notice)
        case ConnectFailed():
            return connections.connect_failed(notice)
        case SyncTold():
            return syncs.told(notice)
        case QuotaLow():
            return quotas.low(notice)
        case Trouble():
            return troubles.trouble(notice)
        case TroubleStory():
            return troubles.story(notice)
        case TroubleAloud():
            return troubles.aloud(notice)
        case Expiring():
            return endings.expiring(notice)
        case Moved():
            return troubles.moved(notice)
        case Restored():
            return restored.restored(notice)
        case LetterTold():
            return letters.letter(notice)
        case RemindersTold():
            return letters.of_day(notice)
        case CreditAsked():
            return letters.credit(notice)
        case RemindersDecided():
            return letters.decided(notice)
        case Unsubscribed():
            return letters.unsubscribed(notice)
        case Digest():
            return digest.digest(notice)


def rests(notice: Notice) -> timedelta:
    """How long a message rests after being posted or edited."""
    return BETWEEN_TROUBLE_EDITS if isinstance(notice, Trouble | TroubleStory) else BETWEEN_EDITS
