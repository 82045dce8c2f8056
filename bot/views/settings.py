"""The dialog in which admins set how a channel is served."""

from collections.abc import Collection
from datetime import timedelta

from bot.views.blocks import Block, Message, Modal, lasting, section
from bot.views.reminder_forms import field, option
from core.preferences import RHYTHMS
from storage.slack_models import Preferences

USUAL, NONE, YES, NO = "usual", "none", "yes", "no"
HOURS = [f"{hour:02}:00" for hour in range(24)]
MOST_PEOPLE = 20


def form(
    workspace_id: str, it: Preferences, *, channel_id: str, admins: Collection[str], organisation: str, usual: timedelta
) -> Modal:
    """`usual` is the rhythm where none is chosen."""
    rhythms = [option(USUAL, f"As usual, every {lasting(usual.total_seconds())}")]
    rhythms += [option(str(each), f"Every {lasting(each)}") for each in RHYTHMS]
    place: Block = {
        "type": "conversations_select",
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
        "initial_conversation": channel_id,
    }
    return Modal(
        "Settings",
        [
            section(f"How {organisation} is served in its channel." if organisation else "How this channel is served."),
            field("channel", "Channel", place, hint="A private one first needs /invite @Solido."),
            field("rhythm", "Automatic syncs", chosen(rhythms, str(it.sync_every or USUAL))),
            field(
                "mentions",
                "Whom an alert mentions",
                people(it.mentions),
                hint="When a trouble begins, and only then. Nobody is mentioned unless chosen here.",
                optional=True,
            ),
            field(
                "quiet_from",
                "Quiet from",
                chosen(hours(), it.quiet_from or NONE),
                hint="What is not asked for waits until the quiet hours are over. The hours where the organisation is.",
            ),
            field("quiet_until", "Quiet until", chosen(hours(), it.quiet_until or NONE)),
            field(
                "admins",
                "Who else may change things",
                people(sorted(admins)),
                hint="Beside the person who connected Xero and the admins of this Slack workspace.",
                optional=True,
            ),
            field(
                "digest",
                "A summary every Monday at 9:00",
                chosen([option(YES, "Yes"), option(NO, "No")], YES if it.digest else NO),
            ),
        ],
        callback="settings",
        submit="Save",
        private=workspace_id,
    )


def hours() -> list[Block]:
    return [option(NONE, "No quiet hours"), *(option(hour, hour) for hour in HOURS)]


def chosen(options: list[Block], value: str) -> Block:
    first = next((one for one in options if one["value"] == value), options[0])
    return {"type": "static_select", "options": options, "initial_option": first}


def people(ids: Collection[str]) -> Block:
    made: Block = {"type": "multi_users_select", "max_selected_items": MOST_PEOPLE}
    return made | ({"initial_users": list(ids)} if ids else {})


def saved() -> Message:
    text = "The settings are saved."
    return Message(text, [section(text)])
