"""What Slack's refusals mean for a message that is to be told.

Source: Slack developer docs, errors of chat.postMessage and chat.update.
"""

from datetime import timedelta
from enum import Enum, auto

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

NO_ANSWER = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)
"""The ways in which Slack does not answer, or not with a yes."""


class Meaning(Enum):
    PASSES = auto()
    """Slack is down, slow, or wants fewer messages: the same again later."""
    GONE = auto()
    """The message cannot be edited any more: post it anew."""
    UNSAYABLE = auto()
    """Slack will never take these blocks."""
    NO_THREAD = auto()
    """The message it would answer to was deleted."""
    NO_PLACE = auto()
    """This channel or person cannot be told; another may."""
    NO_TEAM = auto()
    """Nobody of this team can be told through Slack."""


MEANINGS = {
    Meaning.GONE: {"message_not_found", "cant_update_message", "edit_window_closed"},
    Meaning.UNSAYABLE: {"invalid_blocks", "invalid_blocks_format", "msg_too_long", "no_text", "invalid_attachments"},
    Meaning.NO_THREAD: {"thread_not_found"},
    Meaning.NO_PLACE: {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "no_permission",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "ekm_access_denied",
        "access_denied",
        "user_not_found",
        "user_disabled",
        "cannot_dm_bot",
        "messages_tab_disabled",
    },
    Meaning.NO_TEAM: {
        "account_inactive",
        "token_revoked",
        "token_expired",
        "invalid_auth",
        "not_authed",
        "not_allowed_token_type",
        "missing_scope",
        "org_login_required",
        "team_access_not_granted",
    },
}
MEANING = {error: meaning for meaning, errors in MEANINGS.items() for error in errors}


class Refused(Exception):
    """Slack did not take a message. `retry_after` where it said when to try again."""

    def __init__(self, error: str, retry_after: timedelta | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.retry_after = retry_after

    @property
    def meaning(self) -> Meaning:
        return MEANING.get(self.error, Meaning.PASSES)


def read(error: SlackApiError) -> Refused:
    """Read Slack's refusal. `Retry-After` is in seconds; without JSON the response, or its data, is text."""
    answer = error.response
    if isinstance(answer, str) or not isinstance(answer.data, dict):
        return Refused("unreadable")
    after = str(answer.headers.get("Retry-After") or answer.headers.get("retry-after") or "")
    seconds = timedelta(seconds=int(after)) if after.isdigit() else None
    return Refused(str(answer.get("error") or "unknown"), seconds)
