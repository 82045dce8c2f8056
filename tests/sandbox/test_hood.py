"""Under the hood everything is seen, and no secret."""

import json

import httpx
import pytest

from sandbox.browser import Visit, link_in
from sandbox.desk import Desk
from sandbox.hood import BLOT, Hood
from sandbox.world import BOT_TOKEN, CLIENT_SECRET, SIGNING_SECRET
from tests.sandbox.conftest import MONDAY

HARBOUR = "Harbour Lane Ltd"


async def everything(desk: Desk) -> tuple[dict, str]:
    """The state, and all that opening every entry would show."""
    async with httpx.AsyncClient(base_url=desk.page_at.url) as http:
        state = (await http.get("/desk/hood")).json()
        opened = [(await http.get(f"/desk/hood/{one['number']}")).text for one in state["entries"]]
    return state, json.dumps(state, ensure_ascii=False) + "\n".join(opened)


async def test_the_whole_story_is_overheard_and_no_secret_with_it(desk: Desk):
    async with Visit(desk) as visit:
        await visit.connect(HARBOUR)
    await desk.settled()
    link = link_in(desk.slack.ephemerals[0])
    desk.xero.expire_access_tokens()
    await desk.forward(3600)
    state, seen = await everything(desk)
    ways = {one["way"] for one in state["entries"]}
    assert ways >= {"Slack → Solido", "Solido → Slack", "Solido → Xero", "Browser → Solido", "Browser → Xero"}
    assert "grant_type=refresh_token" in seen
    identity = desk.xero.identity
    secrets = [BOT_TOKEN, CLIENT_SECRET, SIGNING_SECRET, link.rsplit("/", 1)[-1]]
    secrets += [*identity.access_tokens, *identity.refresh_tokens, *identity.codes, *desk.slack.response_urls]
    assert len(secrets) > 8
    assert [one for one in secrets if not one or one in seen] == []
    assert BLOT in seen


async def test_calls_used_and_waiting_rows_are_shown(connected: Desk):
    connected.slack.break_next("internal_error", times=None)
    connected.xero.revoke(connected.xero.organisation(HARBOUR))
    state, _ = await everything(connected)
    assert state["calls"] == []
    await connected.forward(1800)
    state, _ = await everything(connected)
    assert any(row["waiting"] and row["last_error"] == "internal_error" for row in state["outbox"])
    assert any(row["told_at"] for row in state["outbox"])


async def test_faults_still_strike_through_the_ear(connected: Desk):
    connected.xero.break_next("cut")
    connected.slack.break_next("cut", method="auth.test")
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.HTTPError):
            await http.get(f"{connected.xero_at.url}/api.xro/2.0/Organisation")
        with pytest.raises(httpx.HTTPError):
            await http.post(f"{connected.slack_at.url}/api/auth.test")
    state, _ = await everything(connected)
    assert next(one["status"] for one in state["entries"] if one["path"].endswith("auth.test")) is None


async def test_an_entry_that_is_gone_says_so(desk: Desk):
    async with httpx.AsyncClient(base_url=desk.page_at.url) as http:
        assert [(await http.get(f"/desk/hood/{one}")).status_code for one in ("99999", "x", "mail-1")] == [404] * 3


def test_what_is_under_way_has_not_failed_and_says_so():
    hood = Hood(lambda: MONDAY, [], lambda: 0.0)
    entry, began = hood.begin("Slack → Solido", "POST", "/slack/events", "", [])
    assert (entry.line()["under_way"], entry.line()["failed"]) == (True, False)
    hood.end(entry, began, sent=b"command=/solido", got=b"", headers=[])
    assert (entry.line()["under_way"], entry.line()["failed"]) == (False, True)
    assert entry.whole()["sent"] == "command=/solido"


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b'{"access_token": "abc", "n": [{"refresh_token": "d"}]}', ["abc", '"d"']),
        (b"grant_type=x&code=abc&client_secret=d%20e", ["abc", "d%20e"]),
        (b'payload=%7B%22trigger_id%22%3A%22abc%22%2C%22a%22%3A1%7D', ["abc"]),
        (b'<input type="hidden" name="state" value="abc">', ["abc"]),
        (b"a page with http://localhost:1/xero/connect/abc in it", ["abc"]),
        (b"xoxb-1-abc eyJh.eyJi.c https://x/?state=abc&x=1", ["abc", "eyJi"]),
    ],
)  # fmt: skip
def test_secrets_are_blotted_by_name_and_by_looks(body: bytes, seen: list[str]):
    shown = Hood(lambda: MONDAY, ["known"], lambda: 0.0).body(body, {})
    assert BLOT in shown
    assert [one for one in seen if one in shown] == []
