"""The first words to whoever has installed Solido."""

from bot.views.blocks import Message, channel, context, saying, section, shortened
from core.wording import listed

HELLO = "*Solido is installed.* Three steps to the first sync:"
STEPS = [
    "Go to the channel that should hear about unpaid invoices, and type `/invite @Solido`.",
    "There, type `/solido connect` and press *Connect Xero*.",
    "Log in to Xero and choose the organisation. The first sync begins by itself, and you can watch it.",
]
WHO = "You and the admins of this Slack workspace can connect channels; `/solido help` shows everything I can do."
SHOWN_CHANNELS = 20


def welcome(channels: list[str]) -> Message:
    """`channels`: where Solido was at work before it was removed from this team."""
    if channels:
        return _back(channels)
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(STEPS, 1))
    return Message(f"{HELLO}\n{steps}\n{WHO}", [section(HELLO), section(steps), context(WHO)])


def _back(channels: list[str]) -> Message:
    named = listed([channel(one) for one in channels[:SHOWN_CHANNELS]])
    more = f" and {len(channels) - SHOWN_CHANNELS} more" if len(channels) > SHOWN_CHANNELS else ""
    text = (
        f"*Solido is back.* What was known in {named}{more} is still here. "
        "Type `/solido connect` there to give it access to Xero again; it goes on from where it stopped."
    )
    return saying([section(shortened(text, 2900)), context(WHO)])
