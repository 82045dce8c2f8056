"""The dialog in which admins set how a channel is served."""

from collections.abc import Collection
from datetime import timedelta

from bot.views.blocks import Block, Message, Modal, channel, context, lasting, saying, section, user
from bot.views.connections import SHARED
from bot.views.reminder_forms import field, option
from core.edits import Edit, decode
from core.preferences import RHYTHMS
from core.wording import listed
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
                people([one for one in it.mentions if not is_group(one)]),
                hint="When a trouble begins, and only then. Nobody is mentioned unless chosen here.",
                optional=True,
            ),
            context(f"{groups_said(it.mentions)}`/solido settings mention @finance` has alerts mention a user group."),
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


def settings_changed(detail: str) -> str:
    """What was changed, from what to what."""
    return "; ".join(f"{THINGS[one.name]} {_said(one, one.before)} → {_said(one, one.after)}" for one in decode(detail))


THINGS = {
    "channel": "channel",
    "rhythm": "automatic syncs",
    "mentions": "alerts mention",
    "quiet hours": "quiet hours",
    "admins": "further admins",
    "digest": "Monday summary",
}


def _said(it: Edit, value: str) -> str:
    match it.name:
        case "channel":
            return channel(value)
        case "rhythm":
            return f"every {lasting(int(value))}" if value else "as usual"
        case "digest":
            return "on" if value else "off"
        case "quiet hours":
            return " to ".join(value.split("-")) if value else "none"
    return listed([mention(one) for one in value.split(",")]) if value else "nobody"


def is_group(whom: str) -> bool:
    return whom.startswith("S")


def groups_said(mentions: Collection[str]) -> str:
    groups = [mention(one) for one in mentions if is_group(one)]
    return f"Alerts also mention {listed(groups)}. " if groups else ""


def mention(whom: str) -> str:
    """A person or a user group, by its id."""
    return f"<!subteam^{whom}>" if is_group(whom) else user(whom)


def mentioning(whom: Collection[str]) -> Message:
    named = listed([mention(one) for one in whom])
    return Message.of(f"When a trouble begins, I mention {named}." if whom else "Alerts mention nobody.")


def saved(*, to_shared: str = "") -> Message:
    """`to_shared`: the channel that was chosen instead of another, where people of another company are in it."""
    said = [section("The settings are saved.")]
    if to_shared:
        said.append(section(f":warning: From now on I tell {channel(to_shared)} how the books stand. {SHARED}"))
    return saying(said)
