"""Connecting and disconnecting, as told in Slack."""

from datetime import datetime

from bot.advice import advice
from bot.views.blocks import Message, actions, bold, button, channel, context, saying, section, user, when
from core.notices import Connected, ConnectFailed, Disconnected

READS = (
    "Solido reads your sales invoices, credit notes and payments, the customers they are for, and your organisation's "
    "name and settings."
)
WRITES = "The one thing it writes is a history note on an invoice that it has reminded a customer of."
SHARED = "People of another company are in this channel and will see them too. A channel of your own may be better."
WRITES_NOTHING = "It writes nothing."


def invitation(url: str, channel_id: str, *, writes: bool, again: str | None, shared: bool) -> Message:
    """The answer to `/solido connect`. `again` is the organisation where this is a reconnect; `shared`: people of
    another company are in the channel."""
    what = f"{bold(again)} again" if again else "this channel"
    head = (
        f"Connect {what} to Xero." if not again else f"Connect {what}: log in to Xero and choose the same organisation."
    )
    scope = (
        f"{READS} {WRITES if writes else WRITES_NOTHING} Facts about invoices will be shown in {channel(channel_id)}."
    )
    warning = f":warning: {SHARED}" if shared else ""
    return saying(
        [
            section(head),
            section(scope),
            *([section(warning)] if warning else []),
            actions(
                button(
                    "Connect Xero", action="open_xero", url=url, style="primary", label="Connect Xero to this channel"
                )
            ),
            context("The button works once, for 15 minutes, and is only for you."),
        ],
    )


def already_connected(organisation: str, by: str, at: datetime) -> Message:
    text = (
        f"This channel is connected to {bold(organisation)} already, since {when(at)} by {user(by)}. "
        "To connect another organisation, type `/solido connect` in a channel of its own."
    )
    return Message.of(text)


def connected(notice: Connected) -> Message:
    again = " again" if notice.again else ""
    text = f":link: Connected{again} to {bold(notice.organisation)} by {user(notice.by)}."
    return saying([section(text), context("This channel hears about its invoices, and when something needs you.")])


def disconnected(notice: Disconnected) -> Message:
    text = (
        f":no_entry: Disconnected from {bold(notice.organisation)} by {user(notice.by)}. "
        "Syncs and reminders have stopped. What was known is kept."
    )
    return saying([section(text), context("`/solido connect` goes on from here whenever you like.")])


def connect_failed(notice: ConnectFailed) -> Message:
    why = advice(notice.error)
    keeps = f" It keeps the books of {bold(notice.organisation)}." if notice.organisation else ""
    return Message.of(f"About connecting {channel(notice.channel_id)} to Xero: {why.said}{keeps} {why.typed}")


def confirm_disconnect(organisation: str, connection_id: str, channel_id: str) -> Message:
    head = f"Disconnect {channel(channel_id)} from {bold(organisation)}?"
    stops = "*Stops at once:* all automatic and manual syncs, and all reminders to customers."
    stays = "*Stays:* everything known of invoices, customers and syncs. `/solido connect` goes on from there."
    return Message(
        f"{head} {stops} {stays}",
        [
            section(head),
            section(f"{stops}\n{stays}"),
            actions(
                button(
                    "Disconnect",
                    action="disconnect",
                    value=connection_id,
                    style="danger",
                    label=f"Disconnect {organisation}",
                ),
                button("Cancel", action="cancel", value=connection_id, label="Cancel and change nothing"),
            ),
        ],
    )


def disconnecting(organisation: str) -> Message:
    return Message.of(f"{bold(organisation)} is disconnected. Nothing more is read from Xero.")


def cancelled() -> Message:
    return Message.of("Nothing was changed.")
