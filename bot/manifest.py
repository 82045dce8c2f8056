"""What Slack is told about the app: one description, to be pasted where an app is made (*From a manifest*).

Shape and lengths follow Slack's published schema (slackapi/manifest-schema, v0.5.0, major version 1). That schema takes
any name for a scope or an event; `problems` does not.
"""

from collections.abc import Iterator
from typing import Any

from bot.scopes import EVENTS, MAY_BE_LEFT_OUT, SCOPES

SCOPE_NAMES = {
    "app_mentions:read", "channels:history", "channels:join", "channels:manage", "channels:read", "chat:write",
    "chat:write.customize", "chat:write.public", "commands", "files:read", "files:write", "groups:history",
    "groups:read", "groups:write", "im:history", "im:read", "im:write", "links:read", "links:write",
    "metadata.message:read", "mpim:history", "mpim:read", "mpim:write", "pins:read", "pins:write", "reactions:read",
    "reactions:write", "team:read", "usergroups:read", "usergroups:write", "users.profile:read", "users:read",
    "users:read.email", "users:write",
}  # fmt: skip
"""Bot scopes as Slack's documentation names them, as far as an app of this kind could want them."""
EVENT_NAMES = {
    "app_home_opened", "app_mention", "app_uninstalled", "channel_archive", "channel_deleted", "channel_id_changed",
    "channel_rename", "channel_shared", "channel_unarchive", "channel_unshared", "group_archive", "group_deleted",
    "group_rename", "group_unarchive", "member_joined_channel", "member_left_channel", "message.channels",
    "message.groups", "message.im", "team_access_granted", "team_access_revoked", "team_rename", "tokens_revoked",
    "user_change",
}  # fmt: skip
LENGTHS = {
    ("display_information", "name"): 35,
    ("display_information", "description"): 140,
    ("display_information", "long_description"): 4000,
    ("features", "bot_user", "display_name"): 80,
}
SHORTEST_LONG_DESCRIPTION = 175
COMMAND, DESCRIPTION, HINT = 32, 2000, 1000

SHORT = "Your Xero invoices, kept in a Slack channel: synced day and night, and told when something needs you."
LONG = (
    "Solido keeps the outstanding invoices of a Xero organisation in a Slack channel, so that nobody who has paid is "
    "chased. It syncs by itself, day and night, and says once when something needs a person: with the reason, and with "
    "a button that mends it. Each channel has one organisation. It reads invoices, customers and the organisation's "
    "settings, and never moves money."
)


def manifest(public_url: str, *, many_teams: bool, socket_mode: bool = False) -> dict[str, Any]:
    """`public_url` is where Slack reaches us, without a slash at the end; in Socket Mode only browsers do. With
    `many_teams` other workspaces may install the app too, and its tokens are renewed every twelve hours; not so in
    Socket Mode, because Slack does not say whether both go together."""
    asked_at = f"{public_url}/slack/events"
    described: dict[str, Any] = {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Solido",
            "description": SHORT,
            "long_description": LONG,
            "background_color": "#13343b",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Solido", "always_online": True},
            "slash_commands": [
                {
                    "command": "/solido",
                    "url": asked_at,
                    "description": "Xero in this channel: connect it, sync it, see how it goes",
                    "usage_hint": "connect | sync | status | disconnect | help",
                    "should_escape": True,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES), "bot_optional": sorted(MAY_BE_LEFT_OUT)}},
        "settings": {
            "event_subscriptions": {"request_url": asked_at, "bot_events": sorted(EVENTS)},
            "interactivity": {"is_enabled": True, "request_url": asked_at},
            "org_deploy_enabled": many_teams,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": many_teams and not socket_mode,
        },
    }
    if many_teams:
        described["oauth_config"]["redirect_urls"] = [f"{public_url}/slack/oauth_redirect"]
    if socket_mode:
        for asked in (*described["features"]["slash_commands"], *described["settings"].values()):
            if isinstance(asked, dict):
                asked.pop("url", None)
                asked.pop("request_url", None)
    return described


def problems(described: dict[str, Any]) -> Iterator[str]:
    """Yield what Slack would not take of a manifest, as sentences."""
    for path, most in LENGTHS.items():
        text: Any = described
        for name in path:
            text = text[name]
        if not 0 < len(text) <= most:
            yield f"{'.'.join(path)} has {len(text)} characters of at most {most}."
    if len(described["display_information"]["long_description"]) < SHORTEST_LONG_DESCRIPTION:
        yield f"display_information.long_description has fewer than {SHORTEST_LONG_DESCRIPTION} characters."
    for command in described["features"]["slash_commands"]:
        for name, most in (("command", COMMAND), ("description", DESCRIPTION), ("usage_hint", HINT)):
            if not 0 < len(command[name]) <= most:
                yield f"The command's {name} has {len(command[name])} characters of at most {most}."
    scopes = described["oauth_config"]["scopes"]
    yield from (f"Slack knows no bot scope {name}." for name in scopes["bot"] if name not in SCOPE_NAMES)
    yield from (
        f"{name} is optional but not asked for." for name in scopes["bot_optional"] if name not in scopes["bot"]
    )
    events = described["settings"]["event_subscriptions"]["bot_events"]
    yield from (f"Slack knows no event {name}." for name in events if name not in EVENT_NAMES)
    yield from (
        f"{url} does not begin with https://." for url in addresses(described) if not url.startswith("https://")
    )


def addresses(described: dict[str, Any]) -> Iterator[str]:
    """Where Slack will send requests and browsers."""
    asked = [described["settings"]["event_subscriptions"], described["settings"]["interactivity"]]
    yield from (each["request_url"] for each in asked if "request_url" in each)
    yield from (command["url"] for command in described["features"]["slash_commands"] if "url" in command)
    yield from described["oauth_config"].get("redirect_urls", [])
