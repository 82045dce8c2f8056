"""Each cause of trouble can be reached with the levers of the emulated Xero and Slack, is told, and ends."""

from datetime import timedelta

import pytest

from sandbox.world import CLIENT_SECRET
from tests.stories.play import HARBOUR, Play, shown, workspace_of

LEVERS = {
    "reconnect_needed": (
        lambda play: play.xero.revoke(play.organisation()),
        "Solido was disconnected in Xero",
        {"Reconnect", "Try again"},
    ),
    "changed_in_xero": (
        lambda play: play.xero.lock_out(play.organisation()),
        "Xero refuses access to the organisation",
        {"Reconnect", "Try again"},
    ),
    "xero_unreachable": (
        lambda play: play.xero.break_next("503-maintenance", times=None),
        "Xero could not be reached",
        {"Try again"},
    ),
    "quota_used_up": (
        lambda play: play.xero.break_next("429-day", times=None, seconds=7200),
        "Today's calls to Xero for this organisation are used up",
        set(),
    ),
    "ours": (
        lambda play: play.xero.identity.change_secret("another one"),
        "This installation of Solido is not set up correctly at Xero",
        {"Try again"},
    ),
}


def heal(play: Play) -> None:
    play.xero.heal()
    play.xero.lock_out(play.organisation(), locked=False)
    play.xero.identity.change_secret(CLIENT_SECRET)


def labels(message) -> set[str]:
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return {element["text"]["text"] for row in rows for element in row if element["type"] == "button"}


@pytest.mark.parametrize("cause", LEVERS)
async def test_a_cause_is_told_on_one_card_with_what_can_be_done_about_it(play: Play, cause: str):
    pull, said, buttons = LEVERS[cause]
    await play.connect()
    before = len(play.slack.posts)
    pull(play)
    await play.let_pass(minutes=100, step=timedelta(minutes=4))
    [card] = play.slack.posts[before:]
    assert said in card.text
    assert labels(card) == buttons | {"I'm on it", "Get help"}
    async with play.database.reading(await workspace_of(play)) as store:
        [incident] = await store.incidents.open((await store.connections.latest()).id)
    assert incident.cause == cause
    if cause != "reconnect_needed":  # that one only a person ends; other stories do
        heal(play)
        await play.let_pass(minutes=130, step=timedelta(minutes=5))
        assert f"*{HARBOUR}* syncs again. Recovered after" in card.text
        assert "What to do" not in shown(card)
    assert len(play.slack.posts) == before + 1
