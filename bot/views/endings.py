"""What ends soon, told to the person who can keep it from ending."""

from bot.views.blocks import Message, actions, bold, button, channel, section, when
from core.endings import KEY, WEBHOOKS
from core.notices import Expiring


def expiring(it: Expiring) -> Message:
    return {WEBHOOKS: webhooks, KEY: key}.get(it.what, permission)(it)


def webhooks(it: Expiring) -> Message:
    head = f":hourglass: Xero has not sent Solido any news for a while, also not about {bold(it.organisation)}."
    why = (
        "If nothing has changed in Xero since, all is well. If it has, Xero may have ended the subscription: what it "
        f"kept for us is deleted {when(it.ends_at)}. Nothing is missed, because automatic syncs go on, but changes are "
        "known minutes later than they could be."
    )
    do = "Please ask the people who run Solido to look at *Webhooks* on the page of its Xero app."
    return Message(f"{head} {why} {do}", [section(head), section(f"{why} {do}")])


def key(it: Expiring) -> Message:
    head = ":hourglass: The key that locks up Solido's access to Xero will soon have been in use for a year."
    why = f"Nothing stops working, but a key should not be used for ever: another one is due {when(it.ends_at)}."
    do = "Please tell the people who run Solido. They find how to change it under *Sealing keys* in its settings page."
    return Message(f"{head} {why} {do}", [section(head), section(f"{why} {do}")])


def permission(it: Expiring) -> Message:
    where = channel(it.channel_id)
    head = f":hourglass: Solido's permission to read {bold(it.organisation)} from Xero ends {when(it.ends_at)}."
    why = (
        f"It has been waiting for somebody to reconnect {where}."
        if it.reconnect_needed
        else f"It is renewed each time it is used, and for {where} that has not worked for a while."
    )
    do = "Press *Reconnect* and log in to Xero: everything known stays, and syncs go on from there."
    again = button(
        "Reconnect",
        action="reconnect",
        value=str(it.connection_id),
        style="primary",
        label=f"Reconnect {it.organisation} to Xero",
    )
    return Message(f"{head} {why} {do}", [section(head), section(f"{why} {do}"), actions(again)])
