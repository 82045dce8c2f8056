"""Every Monday at nine, the week in one message, unless an admin has turned it off."""

from datetime import timedelta

from tests.stories.play import HARBOUR, Play, workspace_of


def digests(play: Play) -> list[str]:
    return [post.text for post in play.slack.posts if "The week of" in post.text]


async def jump_to_monday(play: Play) -> None:
    """A week passes in which nothing is looked at but its end."""
    play.world.clock.forward(timedelta(days=7) - timedelta(minutes=2))
    await play.let_pass(minutes=3)


async def test_the_week_is_told_on_monday_at_nine_and_once(play: Play):
    await play.connect()
    await play.let_pass(minutes=2)
    assert digests(play) == []
    await jump_to_monday(play)
    [told] = digests(play)
    assert f"The week of *{HARBOUR}*" in told
    assert "*Syncs:*" in told
    assert "*Outstanding:* 28 invoices" in told
    assert "*Letters sent:*" in told
    assert "Nothing needs a person." in told
    await play.let_pass(minutes=5)
    assert len(digests(play)) == 1
    assert play.slack.refused == []


async def test_what_needs_a_person_is_named(play: Play):
    await play.connect()
    await play.let_pass(minutes=2)
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=20)
    await jump_to_monday(play)
    [told] = digests(play)
    assert "*What needs a person* • Solido was disconnected in Xero" in told


async def test_nobody_is_told_who_turned_it_off_or_disconnected(play: Play):
    await play.connect()
    await play.let_pass(minutes=2)
    async with play.database.workspace(await workspace_of(play)) as store:
        kept = await store.preferences.get()
        kept.digest = False
    await jump_to_monday(play)
    assert digests(play) == []
