"""What ends soon, told to the person who can keep it from ending."""

from bot.views.blocks import Message, actions, bold, button, channel, section, when
from core.notices import Expiring


def expiring(it: Expiring) -> Message:
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
