"""What is typed, opened or sent wrongly gets words, and changes nothing."""

import hashlib
import hmac
import json
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sandbox.world import SIGNING_SECRET
from tests.stories.play import Play, link_in, words, workspace_of


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("snyc", "I do not know “snyc”. Did you mean `/solido sync`?"),
        ("statsu please", "Did you mean `/solido status`?"),
        ("sync everything now", "`/solido sync` takes no other word than `full`."),
        ("x" * 3000, "I do not know “" + "x" * 40 + "…”."),
        ("<!channel> *bold* `code`", "I do not know “&lt;!channel&gt;”."),
        ("\u00a0status\u00a0", "not connected to Xero"),
        ("STATUS", "not connected to Xero"),
        ("", "*Solido* keeps a Xero organisation's outstanding invoices"),
        ("???", "I do not know “???”."),
    ],
)
async def test_whatever_is_typed_something_helpful_comes_back(play: Play, typed: str, expected: str):
    await play.slack.command("connect")
    reply = await play.say(typed)
    assert reply.error is None
    assert reply.response_type == "ephemeral"
    assert expected in reply.text


async def test_a_link_works_once(play: Play):
    link = link_in(await play.command("connect"))
    assert (await play.browser.get(link)).status_code == 303
    again = await play.browser.get(link)
    assert again.status_code == 400
    assert "This link has been used already, or is too old." in words(again)
    assert "/solido connect" in words(again)


async def test_a_link_lives_fifteen_minutes(play: Play):
    link = link_in(await play.command("connect"))
    await play.let_pass(minutes=16)
    assert (await play.browser.get(link)).status_code == 400


@pytest.mark.parametrize("link", ["nonsense", "%00", "a" * 5000, "..%2f..%2fetc"])
async def test_a_link_that_never_was_gets_a_page(play: Play, link: str):
    page = await play.browser.get(f"{play.world.product_at.url}/xero/connect/{link}")
    assert page.status_code in (400, 404)


async def returned(play: Play) -> tuple[str, dict[str, str]]:
    """A browser back from Xero: our callback and what Xero sent along."""
    gone = await play.browser.get(link_in(await play.command("connect")))
    back = await play.xero.consent(gone.headers["location"], organisations=[play.organisation()], http=play.browser)
    parts = urlsplit(back)
    return f"{parts.scheme}://{parts.netloc}{parts.path}", {k: v[0] for k, v in parse_qs(parts.query).items()}


async def nothing_is_connected(play: Play) -> bool:
    async with play.database.reading(await workspace_of(play)) as store:
        return await store.connections.latest() is None


async def test_a_return_from_xero_needs_the_browser_that_left(play: Play):
    callback, sent = await returned(play)
    async with httpx.AsyncClient() as elsewhere:
        page = await elsewhere.get(callback, params=sent)
    assert page.status_code == 400
    assert await nothing_is_connected(play)
    fine = await play.browser.get(callback, params=sent)
    assert fine.status_code == 200, "a stranger's try must not use up the state"


@pytest.mark.parametrize("state", [None, "", "wrong", "\x00", "é" * 300])
async def test_a_return_without_the_right_state_gets_a_page(play: Play, state: str | None):
    callback, sent = await returned(play)
    others = {name: value for name, value in sent.items() if name != "state"}
    page = await play.browser.get(callback, params=others | ({} if state is None else {"state": state}))
    assert page.status_code == 400
    assert "Type /solido connect in Slack" in words(page)
    assert await nothing_is_connected(play)


async def test_a_state_is_good_for_one_return(play: Play):
    callback, sent = await returned(play)
    await play.browser.get(callback, params=sent)
    assert (await play.browser.get(callback, params=sent)).status_code == 400


async def test_pressing_cancel_in_xero_is_told_on_the_page_and_in_slack(play: Play):
    link = link_in(await play.command("connect"))
    page = await play.walk_through_xero(link, play.organisation(), deny=True)
    await play.settle()
    assert "access was not allowed in Xero" in words(page)
    [told] = play.slack.posts
    assert told.channel == play.slack.person("admin").dm
    assert "access was not allowed in Xero" in told.text
    assert await nothing_is_connected(play)


async def test_a_code_that_xero_refuses_is_told_on_the_page_and_in_slack(play: Play):
    callback, sent = await returned(play)
    page = await play.browser.get(callback, params=sent | {"code": "not-the-code"})
    await play.settle()
    assert "Xero did not confirm the log-in" in words(page)
    assert "Xero did not confirm the log-in" in play.slack.posts[-1].text
    assert await nothing_is_connected(play)


async def test_pages_run_no_script_load_nothing_and_stay_out_of_frames(play: Play):
    page = await play.browser.get(f"{play.world.product_at.url}/xero/callback")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in page.text


def signed(body: bytes, *, at: float | None = None, secret: str = SIGNING_SECRET) -> dict[str, str]:
    stamp = str(int(at if at is not None else time.time()))
    mac = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={mac}",
        "content-type": "application/x-www-form-urlencoded",
    }


COMMAND = urlencode(
    {"command": "/solido", "text": "connect", "team_id": "T0SOLIDO", "channel_id": "C0FINANCE", "user_id": "U0ADMIN"}
).encode()

UNSIGNED = {
    "no signature at all": (COMMAND, {"content-type": "application/x-www-form-urlencoded"}),
    "another secret": (COMMAND, signed(COMMAND, secret="another")),
    "ten minutes old": (COMMAND, signed(COMMAND, at=time.time() - 600)),
    "from the future": (COMMAND, signed(COMMAND, at=time.time() + 86_400)),
    "another body": (COMMAND + b"&x=1", signed(COMMAND)),
    "a timestamp that is no number": (COMMAND, signed(COMMAND) | {"x-slack-request-timestamp": "soon"}),
    "a timestamp of a thousand digits": (COMMAND, signed(COMMAND) | {"x-slack-request-timestamp": "9" * 1000}),
    "a signature that is no signature": (COMMAND, signed(COMMAND) | {"x-slack-signature": "v0=zz"}),
    "a signature beyond ASCII": (COMMAND, signed(COMMAND) | {"x-slack-signature": "v0=" + "\u00e9" * 64}),
    "bytes that are no text": (b"\xff\xfe", signed(COMMAND)),
    "bad JSON": (b'{"type":', signed(COMMAND) | {"content-type": "application/json"}),
}


@pytest.mark.parametrize("kind", UNSIGNED)
async def test_a_request_not_signed_by_slack_is_refused_and_does_nothing(play: Play, kind: str):
    body, headers = UNSIGNED[kind]
    encoded = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
    answer = await play.browser.post(f"{play.world.product_at.url}/slack/events", content=body, headers=encoded)
    assert answer.status_code == 401
    await nothing_was_made(play)


SIGNED_BUT_WRONG = {
    "no text": (b"\xff\xfe\xfd", "application/x-www-form-urlencoded"),
    "half of a JSON object": (b'{"type": "event_callback"', "application/json"),
    "a JSON list": (b"[1, 2]", "application/json"),
    "a payload that is no JSON": (urlencode({"payload": "{"}).encode(), "application/x-www-form-urlencoded"),
    "a payload that is a list": (urlencode({"payload": "[]"}).encode(), "application/x-www-form-urlencoded"),
    "a press of nothing": (
        urlencode({"payload": json.dumps({"type": "block_actions", "actions": []})}).encode(),
        "application/x-www-form-urlencoded",
    ),
    "a thousand brackets": (b"[" * 100_000, "application/json"),
    "a thousand fields": (b"&".join(b"a%d=1" % i for i in range(1000)), "application/x-www-form-urlencoded"),
}


@pytest.mark.parametrize("kind", SIGNED_BUT_WRONG)
async def test_a_signed_request_that_is_not_one_of_slacks_is_never_our_mistake(play: Play, kind: str):
    body, content_type = SIGNED_BUT_WRONG[kind]
    headers = signed(body) | {"content-type": content_type}
    answer = await play.browser.post(f"{play.world.product_at.url}/slack/events", content=body, headers=headers)
    assert answer.status_code in (400, 401, 404)
    await nothing_was_made(play)


async def test_a_body_of_two_megabytes_is_refused(play: Play):
    body = b"a" * 2_000_000
    answer = await play.browser.post(f"{play.world.product_at.url}/slack/events", content=body, headers=signed(body))
    assert answer.status_code == 413


async def test_nothing_else_answers(play: Play):
    base = play.world.product_at.url
    for path in ("/", "/docs", "/slack/event", "/xero", "/admin", "/.env", "/static/page.css"):
        assert (await play.browser.get(base + path)).status_code == 404
    assert (await play.browser.get(base + "/slack/events")).status_code == 405
    assert (await play.browser.post(base + "/xero/callback")).status_code == 405


async def test_it_says_whether_it_is_alive_and_ready(play: Play):
    base = play.world.product_at.url
    assert (await play.browser.get(base + "/healthz")).status_code == 200
    ready = await play.browser.get(base + "/readyz")
    assert ready.json() == {"database": True, "schema": True, "engine": True}
    assert "python_info" in (await play.browser.get(base + "/metrics")).text


async def nothing_was_made(play: Play) -> None:
    async with play.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id="T0SOLIDO")
        assert await unscoped.places(team.id) == []


async def test_a_direct_message_cannot_be_connected(play: Play):
    reply = await play.say("connect", channel=play.slack.person("admin").dm)
    assert "A direct message cannot be connected" in reply.text


async def test_whoever_connects_a_shared_channel_is_warned(play: Play):
    shared = await play.say("connect", channel="finance")
    assert "People of another company are in this channel" in shared.text
    ours = await play.say("connect", channel="finance-nz")
    assert "another company" not in ours.text


async def test_an_error_of_the_database_does_not_quote_what_is_in_it(play: Play):
    await play.slack.command("connect")
    async with play.database.reading(await workspace_of(play)) as store:
        with pytest.raises(DBAPIError) as raised:
            await store.session.exec(
                text("SELECT nothing FROM workspace WHERE id = :secret"), params={"secret": "s3cr3t"}
            )
    assert "s3cr3t" not in str(raised.value)
