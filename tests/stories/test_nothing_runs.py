"""Automatic syncs that have not even begun, and a process that should be started again."""

from datetime import timedelta

from tests.stories.play import HARBOUR, Play, shown


async def no_syncs(play: Play, *, minutes: int) -> None:
    """Let time pass while nothing starts a sync: every tick runs but the one that should."""
    for _minute in range(minutes):
        play.world.clock.forward(timedelta(minutes=1))
        for tick in play.world.solido.ticks(frozenset(["worker", "scheduler"])):
            if tick.name not in ("due", "tidy"):
                await tick.work()


async def no_work(play: Play, *, minutes: int) -> None:
    """Let time pass while no worker takes the runs that are handed over."""
    for _minute in range(minutes):
        play.world.clock.forward(timedelta(minutes=1))
        for tick in play.world.solido.ticks(frozenset(["worker", "scheduler"])):
            if tick.name != "tidy":
                await tick.work()


async def test_syncs_that_do_not_even_begin_are_told_and_so_is_that_they_do_again(play: Play):
    await play.connect()
    said = len(play.slack.posts)
    await no_syncs(play, minutes=44)
    assert len(play.slack.posts) == said
    await no_syncs(play, minutes=10)
    [card] = play.slack.posts[said:]
    assert f"*{HARBOUR}* is no longer synced by itself. The automatic syncs have stopped" in shown(card)
    await play.settle()
    assert f"*{HARBOUR}* syncs by itself again. Recovered after" in card.text
    assert len(play.slack.posts) == said + 1


async def test_runs_that_nobody_takes_are_told_too(play: Play):
    await play.connect()
    said = len(play.slack.posts)
    await no_work(play, minutes=66)
    [card] = play.slack.posts[said:]
    assert "is no longer synced by itself" in card.text


async def test_a_weekend_without_power_is_no_trouble(play: Play):
    await play.connect()
    said = len(play.slack.posts)
    play.world.clock.forward(timedelta(days=3))
    await play.let_pass(minutes=40, step=timedelta(minutes=5))
    assert len(play.slack.posts) == said


async def test_waiting_because_xero_said_so_is_not_standing_still(play: Play):
    await play.connect()
    play.xero.break_next("429-day", times=None)
    await play.let_pass(hours=4, step=timedelta(minutes=10))
    assert not [post for post in play.slack.posts if "synced by itself" in post.text]


async def test_healthz_fails_when_the_scheduler_stands_still(play: Play):
    address = f"{play.world.product_at.url}/healthz"
    well = await play.browser.get(address)
    assert (well.status_code, well.json()) == (200, {"alive": True})
    scheduler = play.world.solido.scheduler
    scheduler.ticks = play.world.solido.ticks(frozenset(["scheduler"]))
    scheduler._ended = {tick.name: -1e9 for tick in scheduler.ticks}
    ill = await play.browser.get(address)
    assert ill.status_code == 503
    assert "due" in ill.json()["stuck"]
