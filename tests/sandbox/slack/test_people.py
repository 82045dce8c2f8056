"""What people do, and what the product then gets. Facts: slack.md 2, 3, 6."""

import asyncio
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from sandbox.slack import FakeSlack, Message

from .conftest import SECRET, Api, Clock, Product
from .said import actions, button, confirm, home, modal, option, section, text_input


async def alert(api: Api, slack: FakeSlack, *elements: dict[str, Any]) -> Message:
    await api.post("Alert", blocks=[section("Alert"), actions(*elements)])
    return slack.posts[-1]


async def opened(api: Api, slack: FakeSlack, view: dict[str, Any]):
    await api("views.open", trigger_id=slack.new_trigger("U0ADMIN"), view=view)
    found = slack.modal("admin")
    assert found is not None
    return found


def respond(api: Api, url: str, **body: Any):
    return api.http.post(url, json=body)


async def test_slacks_own_verifier_accepts_the_signature(slack: FakeSlack, product: Product):
    await slack.command("status & more")
    verifier = SignatureVerifier(SECRET)
    assert verifier.is_valid_request(product.bodies[0], dict(product.requests[0].headers))


async def test_a_command_says_who_typed_what_and_where(slack: FakeSlack, product: Product):
    await slack.command("sync Harbour Lane", user="member", channel="finance-nz")
    told = product.form
    assert (told["command"], told["text"], told["user_id"]) == ("/solido", "sync Harbour Lane", "U0MEMBER")
    assert (told["channel_id"], told["team_id"], told["api_app_id"]) == ("C0FINNZ", "T0SOLIDO", "A0SOLIDO")


async def test_mentions_and_signs_in_a_command_come_escaped(slack: FakeSlack, product: Product):
    await slack.command("connect Smith & Sons @member #finance https://example.com/a")
    assert product.form["text"] == (
        "connect Smith &amp; Sons <@U0MEMBER|member> <#C0FINANCE|finance> <https://example.com/a>"
    )


async def test_a_direct_message_is_named_so(slack: FakeSlack, product: Product):
    await slack.command("help", channel="dm-admin")
    assert product.form["channel_name"] == "directmessage"


async def test_a_text_answer_is_seen_by_the_one_who_typed(slack: FakeSlack, product: Product):
    product.answer = "Hello"
    reply = await slack.command("help", user="member")
    assert (reply.status, reply.text, reply.response_type) == (200, "Hello", "ephemeral")
    assert [(m.text, m.ephemeral_to) for m in slack.ephemerals] == [("Hello", "U0MEMBER")]


async def test_an_answer_in_the_channel_shows_the_command_too(slack: FakeSlack, product: Product):
    product.answer = {"text": "Syncing", "response_type": "in_channel"}
    await slack.command("sync")
    assert [(m.text, m.by) for m in slack.messages] == [("/solido sync", "U0ADMIN"), ("Syncing", "U0SOLIDO")]
    assert slack.ephemerals == []


async def test_an_empty_answer_shows_nothing(slack: FakeSlack):
    reply = await slack.command("sync")
    assert (reply.status, reply.message, slack.messages) == (200, None, [])


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_bad_status_is_a_failed_dispatch(slack: FakeSlack, product: Product, status: int):
    product.status = status
    reply = await slack.command("sync")
    assert (reply.error, reply.said) == ("dispatch_failed", '/solido failed with the error "dispatch_failed"')


async def test_a_product_that_is_down_is_a_failed_dispatch(slack: FakeSlack):
    slack.http = Api(slack).http  # nothing answers /slack/events there
    assert (await slack.command("sync")).error == "dispatch_failed"


async def test_a_late_answer_is_a_timeout_and_is_not_shown(slack: FakeSlack, product: Product):
    product.answer, product.work = "Too late", lambda: asyncio.sleep(0.4)
    reply = await slack.command("sync")
    assert reply.error == "operation_timeout"
    assert [m.text for m in slack.ephemerals] == ['/solido failed with the error "operation_timeout"']


async def test_an_answer_slack_would_refuse_is_an_error_for_the_person(slack: FakeSlack, product: Product):
    product.answer = {"text": "x", "blocks": [section("x" * 3001)]}
    assert (await slack.command("sync")).error == "dispatch_failed"
    assert slack.refused[0].where == "command answer"


async def test_people_of_another_team_do_not_have_the_command(slack: FakeSlack, product: Product):
    assert (await slack.command("status", user="outsider")).error == "unknown_command"
    assert product.requests == []


async def test_nobody_types_where_they_are_not(slack: FakeSlack):
    with pytest.raises(LookupError, match="not in #finance-nz"):
        await slack.command("status", user="guest", channel="finance-nz")


async def test_a_response_url_works_five_times(api: Api, slack: FakeSlack, product: Product):
    reply = await slack.command("sync")
    answers = [await respond(api, product.form["response_url"], text=str(n)) for n in range(6)]
    assert [a.status_code for a in answers] == [200] * 5 + [404]
    assert [m.text for m in reply.later] == ["0", "1", "2", "3", "4"]


async def test_a_response_url_lives_for_thirty_minutes(api: Api, slack: FakeSlack, product: Product, clock: Clock):
    await slack.command("sync")
    clock.forward(minutes=29)
    assert (await respond(api, product.form["response_url"], text="Done")).status_code == 200
    clock.forward(minutes=2)
    assert (await respond(api, product.form["response_url"], text="Done")).status_code == 404


async def test_a_response_url_replaces_the_answer(api: Api, slack: FakeSlack, product: Product):
    product.answer = "Working"
    await slack.command("sync")
    await respond(api, product.form["response_url"], text="Done", replace_original=True)
    [message] = slack.ephemerals
    assert (message.text, message.edits[0].text) == ("Done", "Working")


async def test_a_response_url_deletes_the_answer(api: Api, slack: FakeSlack, product: Product):
    product.answer = "Working"
    await slack.command("sync")
    await respond(api, product.form["response_url"], delete_original=True)
    assert slack.ephemerals[0].deleted


async def test_a_replaced_ephemeral_message_stays_ephemeral(api: Api, slack: FakeSlack, product: Product):
    product.answer = "Working"
    await slack.command("sync")
    await respond(api, product.form["response_url"], text="All", replace_original=True, response_type="in_channel")
    assert [m.ephemeral_to for m in slack.messages] == ["U0ADMIN"]


async def test_a_refused_response_is_remembered(api: Api, slack: FakeSlack, product: Product):
    await slack.command("sync")
    assert (await respond(api, product.form["response_url"], blocks=[{"type": "?"}])).status_code == 400
    assert (slack.refused[0].where, slack.refused[0].error) == ("response_url", "invalid_blocks")


async def test_a_press_carries_the_whole_story(api: Api, slack: FakeSlack, product: Product):
    message = await alert(api, slack, button("Reconnect", action_id="reconnect", value="7"))
    await slack.press(message, "Reconnect", user="member")
    told = product.payload
    assert told["user"]["id"] == "U0MEMBER"
    assert told["user"]["team_id"] == "T0SOLIDO"
    assert told["message"]["ts"] == message.ts
    assert told["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": "C0FINANCE",
        "is_ephemeral": False,
    }
    assert (told["actions"][0]["action_id"], told["actions"][0]["value"]) == ("reconnect", "7")


async def test_a_press_on_an_ephemeral_message_comes_without_it(slack: FakeSlack, product: Product):
    product.answer = {"blocks": [actions(button("Go", action_id="go"))]}
    reply = await slack.command("connect")
    assert reply.message is not None
    await slack.press(reply.message, "go")
    assert "message" not in product.payload
    assert product.payload["container"]["is_ephemeral"]
    assert product.payload["response_url"]


async def test_an_outsider_in_a_shared_channel_can_press(api: Api, slack: FakeSlack, product: Product):
    await slack.press(await alert(api, slack, button("Go")), "Go", user="outsider")
    assert product.payload["user"]["team_id"] == "T0OTHER"


async def test_somebody_elses_ephemeral_message_cannot_be_pressed(slack: FakeSlack, product: Product):
    product.answer = {"blocks": [actions(button("Go"))]}
    reply = await slack.command("connect")
    assert reply.message is not None
    with pytest.raises(LookupError, match="does not see"):
        await slack.press(reply.message, "Go", user="member")


async def test_cancel_in_the_dialog_sends_nothing(api: Api, slack: FakeSlack, product: Product):
    message = await alert(api, slack, button("Disconnect", confirm=confirm()))
    assert (await slack.press(message, "Disconnect", confirm=False)).status is None
    assert product.requests == []


async def test_a_link_button_tells_its_address_and_still_sends(api: Api, slack: FakeSlack, product: Product):
    message = await alert(api, slack, button("Open", url="https://example.com/x"))
    assert (await slack.press(message, "Open")).url == "https://example.com/x"
    assert len(product.requests) == 1


async def test_an_unanswered_press_shows_a_warning(api: Api, slack: FakeSlack, product: Product):
    message, product.status = await alert(api, slack, button("Go")), 404
    reply = await slack.press(message, "Go")
    assert (reply.error, message.warning) == ("dispatch_failed", "This app responded with Status Code 404.")


async def test_a_button_that_is_not_there_cannot_be_pressed(api: Api, slack: FakeSlack):
    with pytest.raises(LookupError, match="among \\['Go'\\]"):
        await slack.press(await alert(api, slack, button("Go")), "Stop")


async def test_buttons_with_one_name_are_told_apart_by_value(api: Api, slack: FakeSlack, product: Product):
    twins = [button("Go", action_id=f"go-{n}", value=n) for n in "12"]
    await slack.press(await alert(api, slack, *twins), "Go", value="2")
    assert product.payload["actions"][0]["action_id"] == "go-2"


async def test_a_choice_in_a_menu_is_told_and_kept(api: Api, slack: FakeSlack, product: Product):
    menu = {"type": "static_select", "action_id": "often", "options": [option("Hourly", "1"), option("Daily", "24")]}
    message = await alert(api, slack, menu)
    await slack.press(message, "often", value="Daily")
    assert product.payload["actions"][0]["selected_option"]["value"] == "24"
    [chosen] = product.payload["state"]["values"].values()
    assert chosen["often"]["selected_option"]["value"] == "24"


async def test_a_press_can_replace_its_message(api: Api, slack: FakeSlack, product: Product):
    message = await alert(api, slack, button("Go"))
    await slack.press(message, "Go")
    await respond(api, product.payload["response_url"], text="Gone", replace_original=True)
    assert (message.text, message.blocks, len(slack.messages)) == ("Gone", [], 1)


async def test_a_submission_tells_what_was_typed(api: Api, slack: FakeSlack, product: Product):
    view = await opened(api, slack, modal(text_input(), callback_id="rename", private_metadata="7"))
    reply = await slack.submit(view, {"name": "Harbour Lane"})
    told = product.payload["view"]
    assert told["state"]["values"]["name"]["typed"]["value"] == "Harbour Lane"
    assert (told["callback_id"], told["private_metadata"], reply.error) == ("rename", "7", None)
    assert slack.modal("admin") is None


async def test_an_empty_required_field_never_reaches_the_app(api: Api, slack: FakeSlack, product: Product):
    reply = await slack.submit(await opened(api, slack, modal(text_input())), {})
    assert list(reply.errors) == ["name"]
    assert product.requests == []


async def test_errors_of_the_app_keep_the_modal_open(api: Api, slack: FakeSlack, product: Product):
    product.answer = {"response_action": "errors", "errors": {"name": "Not that one."}}
    view = await opened(api, slack, modal(text_input()))
    reply = await slack.submit(view, {"typed": "x"})
    assert (reply.errors, view.is_open) == ({"name": "Not that one."}, True)


async def test_errors_for_a_block_that_is_not_there_are_refused(api: Api, slack: FakeSlack, product: Product):
    product.answer = {"response_action": "errors", "errors": {"other": "x"}}
    reply = await slack.submit(await opened(api, slack, modal(text_input())), {"name": "x"})
    assert (reply.error, slack.refused[0].where) == ("dispatch_failed", "view answer")


async def test_a_submission_can_lead_to_another_view(api: Api, slack: FakeSlack, product: Product):
    product.answer = {
        "response_action": "update",
        "view": modal(section("Done"), submit={"type": "plain_text", "text": "OK"}),
    }
    view = await opened(api, slack, modal(text_input()))
    await slack.submit(view, {"name": "x"})
    assert view.blocks[0]["text"]["text"] == "Done"


async def test_closing_is_told_only_when_asked_for(api: Api, slack: FakeSlack, product: Product):
    await slack.close(await opened(api, slack, modal()))
    assert product.requests == []
    await slack.close(await opened(api, slack, modal(notify_on_close=True)))
    assert product.payload["type"] == "view_closed"


async def test_a_press_in_home_comes_with_the_view_and_without_response_url(
    api: Api, slack: FakeSlack, product: Product
):
    await api("views.publish", user_id="U0ADMIN", view=home(actions(button("Refresh"))))
    view = slack.home("admin")
    assert view is not None
    await slack.press(view, "Refresh")
    assert product.payload["view"]["id"] == view.id
    assert "response_url" not in product.payload


async def test_opening_home_is_an_event_with_the_bots_authorization(slack: FakeSlack, product: Product):
    await slack.open_home("member")
    told = product.event
    assert (told["type"], told["event"]["type"], told["event"]["tab"]) == ("event_callback", "app_home_opened", "home")
    assert told["authorizations"][0]["user_id"] == "U0SOLIDO"


async def test_a_repeated_event_says_so(slack: FakeSlack, product: Product):
    await slack.event({"type": "tokens_revoked"}, retry=1)
    assert product.requests[0].headers["x-slack-retry-num"] == "1"


async def test_a_test_can_wait_for_what_comes_later(api: Api, slack: FakeSlack):
    later = asyncio.create_task(api.post("Later"))
    await slack.until(lambda: len(slack.posts) == 1, within=1)
    assert (await later)["ok"]
