"""Whose Home is shown anew and when, and whose week is told, the same on both databases."""

from datetime import timedelta

import pytest

from storage.homes import Home
from storage.slack_models import Preferences
from tests.builders import NOW, a_connection, a_team, a_workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")

A_MINUTE = timedelta(minutes=1)
LATER = NOW + timedelta(minutes=5)


async def a_home(database, *, slack_team_id="T-HOME"):
    """Somebody's Home as of NOW, in a team with one workspace."""
    team_id = await a_team(database, slack_team_id=slack_team_id)
    workspace_id, home = await a_workspace(database, team_id=team_id), Home(team_id, "U1")
    async with database.unscoped() as unscoped:
        await unscoped.homes.opened(home, now=NOW)
        await unscoped.homes.shown(home, at=NOW)
    return home, workspace_id


async def stale(database, *, now=LATER):
    async with database.asking() as unscoped:
        return list(await unscoped.homes.stale(now=now, limit=9))


async def test_a_home_is_shown_anew_when_a_workspace_of_its_team_changed(empty_database):
    home, workspace_id = await a_home(empty_database)
    other = await a_workspace(empty_database, team_id=await a_team(empty_database, slack_team_id="T-OTHER"))
    async with empty_database.workspace(other) as store:
        store.touch(LATER)
    assert await stale(empty_database) == []
    async with empty_database.workspace(workspace_id) as store:
        store.audit.add("U2", "connected", at=NOW + A_MINUTE)
    assert await stale(empty_database) == [home]


async def test_a_change_that_was_rolled_back_shows_no_home_anew(empty_database):
    _home, workspace_id = await a_home(empty_database)

    async def fails():
        async with empty_database.workspace(workspace_id) as store:
            store.touch(LATER)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await stale(empty_database) == []


async def test_a_home_is_taken_by_one_caller_and_rests_a_minute(empty_database):
    home, _workspace_id = await a_home(empty_database)
    async with empty_database.unscoped() as unscoped:
        await unscoped.homes.opened(home, now=LATER)
        assert await unscoped.homes.claim(home, now=LATER, next_at=LATER + A_MINUTE)
        assert not await unscoped.homes.claim(home, now=LATER, next_at=LATER + A_MINUTE)
    assert await stale(empty_database, now=LATER) == []
    assert await stale(empty_database, now=LATER + A_MINUTE) == [home]


async def test_a_home_opened_again_while_it_is_shown_is_not_lost(empty_database):
    home, _workspace_id = await a_home(empty_database)
    async with empty_database.unscoped() as unscoped:
        await unscoped.homes.opened(home, now=LATER)
        await unscoped.homes.shown(home, at=LATER - A_MINUTE)
    assert await stale(empty_database) == [home]


async def test_the_home_of_somebody_who_does_not_look_is_forgotten(empty_database):
    home, _workspace_id = await a_home(empty_database)
    async with empty_database.unscoped() as unscoped:
        await unscoped.homes.show_anew(home.team_id)
        await unscoped.homes.forget_unopened(since=LATER)
    assert await stale(empty_database) == []


async def test_a_digest_is_planned_once_and_taken_once(empty_database):
    workspace_id = await a_workspace(empty_database)
    await a_connection(empty_database, workspace_id, last_success_at=NOW)
    async with empty_database.unscoped() as unscoped:
        assert list(await unscoped.digests.unplanned(9)) == [workspace_id]
        await unscoped.within(workspace_id).preferences.digest_due(NOW)
        assert list(await unscoped.digests.unplanned(9)) == []
        assert list(await unscoped.digests.due(now=NOW, limit=9)) == [workspace_id]
        assert await unscoped.digests.claim(workspace_id, now=NOW, next_at=LATER)
        assert not await unscoped.digests.claim(workspace_id, now=NOW, next_at=LATER)


async def test_settings_stay_when_a_digest_is_planned(empty_database):
    workspace_id = await a_workspace(empty_database)
    async with empty_database.workspace(workspace_id) as store:
        await store.preferences.save(Preferences(workspace_id=workspace_id, mentions=["U1", "U2"], quiet_from="20:00"))
        await store.preferences.digest_due(LATER)
    async with empty_database.reading(workspace_id) as store:
        kept = await store.preferences.get()
    assert (kept.mentions, kept.quiet_from, kept.digest, kept.digest_at) == (["U1", "U2"], "20:00", True, LATER)
