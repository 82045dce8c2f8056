"""The Web API's answers and errors. Facts: slack.md 5, 2.5, 2.6, 3.3."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import FakeSlack

from .conftest import TOKEN, Api, Clock
from .said import home, modal, section, text_input


@asynccontextmanager
async def served(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    """The official client against the emulation, over real HTTP, without retries."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        slack.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(slack.app, log_level="error", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield AsyncWebClient(token=TOKEN, base_url=f"{slack.base_url}/api/", retry_handlers=[])
        finally:
            server.should_exit = True
            await running


async def test_the_official_client_posts_and_edits(slack: FakeSlack):
    async with served(slack) as client:
        posted = await client.chat_postMessage(channel="C0FINANCE", text="One", blocks=[section("One")])
        await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="Two")
    [message] = slack.posts
    assert (message.text, message.blocks, message.edits[0].text) == ("Two", [], "One")


async def test_the_official_client_asks_with_queries_and_forms(slack: FakeSlack):
    async with served(slack) as client:
        assert (await client.users_info(user="U0GUEST"))["user"]["is_restricted"]
        assert (await client.auth_test())["bot_id"] == "B0SOLIDO"


async def test_a_cut_connection_posts_nothing(slack: FakeSlack):
    slack.break_next("cut")
    async with served(slack) as client:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.chat_postMessage(channel="C0FINANCE", text="One")
    assert slack.posts == []


async def test_an_answer_can_be_lost_after_the_message_was_posted(slack: FakeSlack):
    slack.break_next("posted-then-cut")
    async with served(slack) as client:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.chat_postMessage(channel="C0FINANCE", text="One")
    assert [post.text for post in slack.posts] == ["One"]


async def test_too_many_calls_are_told_when_to_come_back(slack: FakeSlack):
    slack.break_next("ratelimited", retry_after=7)
    async with served(slack) as client:
        with pytest.raises(SlackApiError) as told:
            await client.chat_postMessage(channel="C0FINANCE", text="One")
    assert (told.value.response.status_code, told.value.response.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.nonsense", {}, "unknown_method"),
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C404", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C0FINANCE"}, "no_text"),
        ("chat.postMessage", {"channel": "C0FINANCE", "blocks": "{"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": "C0FINANCE", "blocks": [{}]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": "C0FINANCE", "markdown_text": "x" * 12001}, "msg_too_long"),
        ("chat.postMessage", {"channel": "C0FINANCE", "text": "x", "thread_ts": "1.1"}, "thread_not_found"),
        ("chat.update", {"channel": "C0FINANCE", "ts": "1.1", "text": "x"}, "message_not_found"),
        ("chat.delete", {"channel": "C0FINANCE", "ts": "1.1"}, "message_not_found"),
        ("chat.postEphemeral", {"channel": "C0FINNZ", "user": "U0GUEST", "text": "x"}, "user_not_in_channel"),
        ("users.info", {"user": "U404"}, "user_not_found"),
        ("conversations.info", {"channel": "C404"}, "channel_not_found"),
        ("views.open", {"trigger_id": "made.up", "view": modal()}, "invalid_trigger_id"),
        ("views.update", {"view_id": "V404", "view": modal()}, "not_found"),
        ("views.publish", {"user_id": "U0ADMIN", "view": modal()}, "invalid_arguments"),
    ],
)
async def test_slack_says_what_is_wrong_in_its_own_words(api: Api, method: str, arguments: dict[str, Any], error: str):
    answer = await api(method, **arguments)
    assert (answer["ok"], answer["error"]) == (False, error)


async def test_a_wrong_token_is_refused(api: Api):
    assert (await api("auth.test", token="xoxb-other"))["error"] == "invalid_auth"


async def test_no_token_is_refused(api: Api):
    assert (await api("auth.test", token=None))["error"] == "not_authed"


async def test_a_revoked_token_stays_revoked(api: Api):
    await api("auth.revoke")
    assert (await api.post())["error"] == "token_revoked"


async def test_after_an_uninstall_the_account_is_inactive(api: Api):
    await api("apps.uninstall", client_id="1", client_secret="2")
    assert (await api.post())["error"] == "account_inactive"


async def test_invalid_blocks_come_with_the_place_and_the_reason(api: Api, slack: FakeSlack):
    answer = await api.post(blocks=[section("x" * 3001)])
    assert "json-pointer:/blocks/0/text/text" in answer["response_metadata"]["messages"][0]
    assert slack.refused[0].where == "chat.postMessage"


async def test_a_refused_message_is_not_posted(api: Api, slack: FakeSlack):
    await api.post(blocks=[section("x" * 3001)])
    assert slack.posts == []


async def test_an_archived_channel_takes_no_message(api: Api, slack: FakeSlack):
    slack.channels["finance"].is_archived = True
    assert (await api.post())["error"] == "is_archived"


async def test_a_private_channel_without_the_bot_does_not_exist_for_it(api: Api, slack: FakeSlack):
    slack.channels["general"].is_private = True
    assert (await api.post(channel="C0GENERAL"))["error"] == "channel_not_found"


async def test_a_user_id_opens_the_direct_message(api: Api):
    assert (await api.post(channel="U0MEMBER"))["channel"] == "D0MEMBER"


async def test_a_missing_scope_is_named(api: Api, slack: FakeSlack):
    slack.scopes = {"commands"}
    answer = await api.post()
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "chat:write", "commands")


async def test_an_edit_with_text_alone_wipes_the_blocks(api: Api, slack: FakeSlack):
    posted = await api.post("One", blocks=[section()])
    await api("chat.update", channel=posted["channel"], ts=posted["ts"], text="Two")
    assert (slack.posts[0].text, slack.posts[0].blocks) == ("Two", [])


async def test_an_edit_with_blocks_shows_no_edited_mark(api: Api, slack: FakeSlack):
    posted = await api.post("One")
    await api("chat.update", channel=posted["channel"], ts=posted["ts"], text="Two", blocks=[section()])
    assert not slack.posts[0].shows_edited


async def test_an_edit_over_4000_characters_is_too_long(api: Api):
    posted = await api.post("One")
    answer = await api("chat.update", channel=posted["channel"], ts=posted["ts"], text="x" * 4001)
    assert answer["error"] == "msg_too_long"


async def test_an_ephemeral_message_cannot_be_edited(api: Api):
    told = await api("chat.postEphemeral", channel="C0FINANCE", user="U0ADMIN", text="Psst")
    answer = await api("chat.update", channel="C0FINANCE", ts=told["message_ts"], text="Louder")
    assert answer["error"] == "message_not_found"


async def test_somebody_elses_message_cannot_be_edited(api: Api, slack: FakeSlack):
    line = slack.say_line("Mine")
    answer = await api("chat.update", channel=line.channel, ts=line.ts, text="Yours")
    assert answer["error"] == "cant_update_message"


async def test_a_deleted_message_is_gone(api: Api, slack: FakeSlack):
    posted = await api.post()
    await api("chat.delete", channel=posted["channel"], ts=posted["ts"])
    assert slack.posts[0].deleted
    assert (await api("chat.delete", channel=posted["channel"], ts=posted["ts"]))["error"] == "message_not_found"


async def test_a_permalink_leads_to_the_message(api: Api):
    posted = await api.post()
    link = (await api("chat.getPermalink", channel="C0FINANCE", message_ts=posted["ts"]))["permalink"]
    assert link.endswith(f"/archives/C0FINANCE/p{posted['ts'].replace('.', '')}")


async def test_timestamps_differ_even_when_time_stands_still(api: Api):
    assert (await api.post())["ts"] != (await api.post())["ts"]


async def test_a_second_post_within_a_second_waits_only_when_asked_for(api: Api, slack: FakeSlack, clock: Clock):
    slack.strict_rate = True
    await api.post()
    assert (await api.post())["error"] == "ratelimited"
    clock.forward(seconds=1)
    assert (await api.post())["ok"]


async def test_a_stranger_comes_without_roles(api: Api):
    user = (await api("users.info", user="U0OUTSIDE"))["user"]
    assert user["is_stranger"]
    assert "is_admin" not in user


async def test_a_channel_with_a_stranger_is_shared_outside(api: Api, slack: FakeSlack):
    assert (await api("conversations.info", channel="C0FINANCE"))["channel"]["is_ext_shared"]
    slack.channels["finance"].members.discard("U0OUTSIDE")
    assert not (await api("conversations.info", channel="C0FINANCE"))["channel"]["is_ext_shared"]


async def test_members_come_in_pages(api: Api, slack: FakeSlack):
    members, cursor = [], ""
    while True:
        page = await api("conversations.members", channel="C0FINANCE", limit=2, cursor=cursor)
        members += page["members"]
        cursor = page["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert set(members) == slack.channels["finance"].members


async def test_a_fault_passes_by_itself(api: Api, slack: FakeSlack):
    slack.break_next("is_archived", times=2)
    assert [(await api.post()).get("error") for _ in range(3)] == ["is_archived", "is_archived", None]


async def test_a_fault_until_healed_stays(api: Api, slack: FakeSlack):
    slack.break_next("internal_error", times=None)
    assert [(await api.post()).get("error") for _ in range(3)] == ["internal_error"] * 3
    slack.heal()
    assert (await api.post())["ok"]


async def test_calls_are_remembered_without_tokens(api: Api, slack: FakeSlack):
    await api.post()
    await api("chat.nonsense")
    assert [(call.method, call.ok, call.error) for call in slack.calls] == [
        ("chat.postMessage", True, None),
        ("chat.nonsense", False, "unknown_method"),
    ]
    assert TOKEN not in repr(slack.calls)


async def test_a_trigger_opens_one_modal(api: Api, slack: FakeSlack):
    trigger = slack.new_trigger("U0ADMIN")
    assert (await api("views.open", trigger_id=trigger, view=modal(text_input())))["ok"]
    assert (await api("views.open", trigger_id=trigger, view=modal()))["error"] == "exchanged_trigger_id"


async def test_a_trigger_is_good_for_three_seconds(api: Api, slack: FakeSlack, clock: Clock):
    trigger = slack.new_trigger("U0ADMIN")
    clock.forward(seconds=3.1)
    assert (await api("views.open", trigger_id=trigger, view=modal()))["error"] == "expired_trigger_id"


async def test_modals_stack_three_deep(api: Api, slack: FakeSlack):
    await api("views.open", trigger_id=slack.new_trigger("U0ADMIN"), view=modal())
    pushed = [await api("views.push", trigger_id=slack.new_trigger("U0ADMIN"), view=modal()) for _ in range(3)]
    assert [one.get("error") for one in pushed] == [None, None, "push_limit_reached"]


async def test_an_update_with_an_old_hash_is_a_conflict(api: Api, slack: FakeSlack):
    opened = await api("views.open", trigger_id=slack.new_trigger("U0ADMIN"), view=modal())
    told = {"view_id": opened["view"]["id"], "hash": opened["view"]["hash"], "view": modal(section())}
    assert (await api("views.update", **told))["ok"]
    assert (await api("views.update", **told))["error"] == "hash_conflict"


async def test_each_person_has_a_home_of_their_own(api: Api, slack: FakeSlack):
    await api("views.publish", user_id="U0ADMIN", view=home(section("For you")))
    assert slack.home("admin") is not None
    assert slack.home("member") is None


async def test_a_view_over_250_kilobytes_is_too_large(api: Api, slack: FakeSlack):
    view = modal(*[section("ü" * 2900) for _ in range(90)])
    answer = await api("views.open", trigger_id=slack.new_trigger("U0ADMIN"), view=view)
    assert answer["error"] == "view_too_large"
