"""Get help, why and history: what is known is said, and nothing private leaves the house."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Table, Text, update
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from sandbox.slack import Message, View
from tests.stories.play import HARBOUR, Play, link_in, shown, workspace_of
from tests.stories.test_cards import lost
from tests.stories.test_slack_cannot_be_told import Letters

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def words(view: View | None) -> str:
    assert view is not None
    return "\n".join(block["text"]["text"] for block in view.blocks if block["type"] == "section")


async def opened(play: Play, card: Message, user: str = "member") -> View:
    await play.slack.press(card, "Get help", user=user)
    await play.slack.until(lambda: play.slack.modal(user) is not None)
    form = play.slack.modal(user)
    assert form is not None
    return form


async def test_the_form_holds_what_is_known(play: Play):
    card = await lost(play)
    await play.press(card, "Try again")
    form = await opened(play, card)
    known = words(form)
    assert f"Workspace: {HARBOUR}" in known
    assert "Solido was disconnected in Xero" in known
    assert "automatic: DisconnectedInXero 403" in known
    assert ID.search(known.split("Last failures")[1]), "the correlation id"
    assert "U0ADMIN asked for a sync" in known
    assert "DisconnectedInXero" not in shown(card), "codes belong here, not on the card"


async def test_without_mail_the_text_is_shown_to_be_copied(play: Play):
    form = await opened(play, await lost(play))
    reply = await play.slack.submit(form, {"description": "It says reconnect. I did."})
    assert reply.response_action == "update"
    text = words(play.slack.modal("member"))
    assert "Please copy this" in text
    assert "In their words:\nIt says reconnect. I did." in text


async def test_with_mail_exactly_what_was_shown_is_sent_once(play: Play):
    operators = play.world.solido.support.operators = Letters()
    form = await opened(play, await lost(play))
    await play.slack.submit(form, {"description": "Help, <please> & soon"})
    preview = play.slack.modal("member")
    seen = "".join(b["text"]["text"].removeprefix("```").removesuffix("```") for b in preview.blocks[1:])
    await play.let_pass(minutes=17)  # what happens meanwhile changes nothing
    operators.closed = True
    await play.slack.submit(preview, {})
    await play.pass_without_rest(minutes=2)
    operators.closed = False
    await play.pass_without_rest(minutes=10)
    [(_subject, text)] = operators.taken
    assert text == seen.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert "asked for help" in (await play.say("history")).text


async def test_nothing_is_sent_that_nobody_confirmed(play: Play):
    operators = play.world.solido.support.operators = Letters()
    form = await opened(play, await lost(play))
    await play.slack.submit(form, {"description": "Help"})
    await play.let_pass(minutes=10)
    assert operators.taken == []


async def test_support_opens_the_same_form_and_strangers_get_none(play: Play):
    card = await lost(play)
    await play.say("support", user="member")
    await play.slack.until(lambda: play.slack.modal("member") is not None)
    assert f"Workspace: {HARBOUR}" in words(play.slack.modal("member"))
    assert "not available to you" in (await play.press(card, "Get help", user="outsider")).text
    assert "Only full members" in (await play.say("support", user="guest")).text


async def test_a_form_made_to_name_another_workspace_is_refused(play: Play):
    form = await opened(play, await lost(play))
    form.body["private_metadata"] = "00000000-0000-0000-0000-000000000000"
    await play.slack.submit(form, {"description": "Help"})
    assert "not available to you" in words(play.slack.modal("member"))


async def test_why_says_in_one_paragraph_what_the_last_sync_met(play: Play):
    await play.connect()
    well = await play.say("why")
    assert f"The last sync of *{HARBOUR}* (after connecting, " in well.text
    assert "worked: " in well.text
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=31)
    await play.press(play.slack.posts[-1], "I'm on it", user="member")
    ill = await play.say("why")
    assert "failed. Solido was disconnected in Xero" in ill.text
    assert "That makes 2 failures since" in ill.text
    assert "<@U0MEMBER> is on it." in ill.text
    assert len(ill.blocks) == 1


async def test_why_before_a_connect_and_after_a_disconnect_says_so(play: Play):
    assert "`/solido connect`" in (await play.say("why")).text
    await play.connect()
    question = await play.say("disconnect")
    await play.press(question.message, "Disconnect")
    assert "is not synced, because <@U0ADMIN> disconnected it" in (await play.say("why")).text


async def test_history_tells_who_did_what_newest_first(play: Play):
    card = await lost(play)
    await play.press(card, "1 hour", user="member")
    await play.press(card, "Try again", user="member")
    await play.reconnect(link_in(await play.press(card, "Reconnect")), play.organisation())
    lines = (await play.say("history")).text.splitlines()[1:]
    assert [line.split(": ", 1)[1].split(" until ")[0] for line in lines] == [
        f"<@U0ADMIN> connected *{HARBOUR}* again",
        "<@U0MEMBER> asked for a sync",
        "<@U0MEMBER> snoozed an alert",
        f"<@U0ADMIN> connected *{HARBOUR}*",
    ]


NAME, EMAIL, SECRET, AMOUNT = (
    "Canary Kite Works",
    "canary@kite.example.com",
    "xoxb-canary-0123456789abcdef",
    "98,765.43",
)
CANARY = f"| {NAME} {EMAIL} {SECRET} {AMOUNT} EUR"
CANARIES = (NAME, "canary", EMAIL, "kite.example", SECRET, AMOUNT, "98,765")
NEEDED = {  # without these the row is not found, or is of another kind
    "connection": {"state"},
    "sync_run": {"state", "trigger", "resource"},
    "incident": {"cause"},
    "audit_event": {"what"},
    "team": {"slack_team_id", "enterprise_id"},
    "workspace": {"channel_id"},
    "cursor": {"resource"},
    "set_aside": {"resource"},
    "support_request": set(),
}


def text_columns(table: Table) -> list[str]:
    kept = NEEDED.get(table.name, set())
    return [c.name for c in table.columns if isinstance(c.type, AutoString | Text) and c.name not in kept]


async def test_a_canary_in_every_text_of_every_table_does_not_get_into_a_call_for_help(play: Play):
    card = await lost(play)
    await play.press(card, "Try again")
    form = await opened(play, card)
    planted = 0
    async with play.database.unscoped() as unscoped:
        for table in SQLModel.metadata.sorted_tables:
            for column in text_columns(table):
                # What has to be unique stays so; a customer's name is a customer's name.
                a_name = (table.name, column) in (("contact", "name"), ("invoice", "contact_name"))
                planted_value = NAME if a_name else table.columns[column].concat(f" {CANARY}")
                done = await unscoped.session.exec(update(table).values({column: planted_value}))
                planted += bool(done.rowcount)
    assert planted >= 30
    reply = await play.slack.submit(form, {"description": f"{CANARY} owes 4711 and canary kite works knows"})
    text = words(play.slack.modal("member"))
    assert "In their words" in text, reply
    assert not [canary for canary in CANARIES if canary.lower() in text.lower()], text
    assert "4711" not in text
    async with play.database.reading(await workspace_of(play)) as store:
        assert (await store.runs.latest(1))[0].error_detail.endswith(CANARY), "they were planted"


async def test_no_log_line_holds_a_canary(play: Play, capfd: pytest.CaptureFixture[str]):
    """Customers, addresses, amounts and tokens go through every path, good and bad, and none is written to the log."""
    books = play.organisation()
    debtor = books.add_contact(NAME, EMAIL)
    today = books.today()
    books.add_invoice(debtor, number="CANARY-1", total=Decimal("98765.43"), issued_on=today, due_on=today)
    card = await lost(play)
    for fault in ("500", "html", "cut", "garbled", "429-minute", "token-500", "token-invalid_grant"):
        play.xero.break_next(fault, times=3)
        await play.let_pass(minutes=16, step=timedelta(minutes=4))
    play.slack.break_next("internal_error", times=3)
    await play.press(card, "I'm on it")
    await play.let_pass(minutes=5)
    said = "".join(capfd.readouterr())
    tokens = [*play.xero.identity.access_tokens, *play.xero.identity.refresh_tokens, play.slack.bot_token]
    assert "sync.finished" in said
    assert not [secret for secret in (NAME, EMAIL, "98,765", "98765", *tokens) if secret in said]
