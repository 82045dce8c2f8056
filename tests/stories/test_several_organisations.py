"""Several organisations means several channels, each with its own workspace."""

from sandbox.xero import demo_ledger
from tests.stories.conftest import performed
from tests.stories.play import HARBOUR, Play, link_in, shown, words, workspace_of

STAR = "Southern Star Traders"


async def test_a_second_channel_has_its_own_workspace(play: Play):
    await play.connect(HARBOUR, channel="finance")
    await play.connect(STAR, channel="finance-nz")
    assert [post.channel for post in play.slack.posts] == ["C0FINANCE", "C0FINANCE", "C0FINNZ", "C0FINNZ"]
    first, second = await workspace_of(play), await workspace_of(play, "C0FINNZ")
    async with play.database.reading(first) as ours, play.database.reading(second) as theirs:
        mine = {invoice.invoice_id for invoice in await ours.invoices.outstanding()}
        other = {invoice.invoice_id for invoice in await theirs.invoices.outstanding()}
    assert {str(one) for one in mine} == {i.id for i in play.organisation(HARBOUR).outstanding()}
    assert {str(one) for one in other} == {i.id for i in play.organisation(STAR).outstanding()}


async def test_an_organisation_that_is_connected_elsewhere_is_refused_without_saying_where(play: Play):
    await play.connect(HARBOUR, channel="finance")
    organisation = play.organisation(HARBOUR)
    link = link_in(await play.command("connect", channel="finance-nz"))
    refused = await play.confirm(await play.walk_through_xero(link, organisation), organisation)
    assert refused.status_code == 400
    assert "already connected to Solido elsewhere" in words(refused)
    assert "finance" not in words(refused).replace("finance-nz", "")
    told = play.slack.posts[-1]
    assert told.channel == play.slack.person("admin").dm
    assert "already connected to Solido elsewhere" in told.text
    assert "C0FINANCE" not in shown(told)
    assert play.xero.is_connected(organisation)
    await play.say("sync", channel="finance")
    assert "Sync done" in play.slack.posts[-1].text


async def test_a_channel_without_a_workspace_speaks_for_the_only_one(play: Play):
    await play.connect(HARBOUR, channel="finance")
    status = await play.say("status", channel="general")
    assert HARBOUR in status.text
    asked = await play.say("sync", channel="general")
    assert "The result follows in <#C0FINANCE>." in asked.text
    assert play.slack.posts[-1].channel == "C0FINANCE"


async def test_with_several_workspaces_a_person_elsewhere_is_asked_which(play: Play):
    await play.connect(HARBOUR, channel="finance")
    await play.connect(STAR, channel="finance-nz")
    question = await play.say("status", channel="general")
    assert "Choose the one you mean" in question.text
    answer = await play.press(question.message, STAR)
    assert STAR in answer.text
    assert HARBOUR not in shown(answer)


async def test_a_channel_before_any_workspace_says_how_to_begin(play: Play):
    for command in ("status", "sync", "disconnect"):
        reply = await play.say(command)
        assert "/solido connect" in reply.text


async def test_a_grant_for_several_organisations_asks_which_one_the_channel_is_for(whole_sqlite_url: str):
    async with performed(whole_sqlite_url, demo_ledger, bulk_connect=True) as play:
        harbour, star = play.organisation(HARBOUR), play.organisation(STAR)
        page = await play.walk_through_xero(link_in(await play.command("connect")), harbour, star)
        assert "Which organisation is this channel for?" in words(page)
        done = await play.confirm(page, star)
        assert f"{STAR} is now connected to #finance" in words(done)
        assert await organisation_shown(play) == STAR


async def test_what_was_chosen_must_be_among_what_was_granted(play: Play):
    page = await play.walk_through_xero(link_in(await play.command("connect")), play.organisation(HARBOUR))
    hidden = play.organisation(STAR)
    page._content = page.content.replace(play.organisation(HARBOUR).tenant_id.encode(), hidden.tenant_id.encode())
    answer = await play.confirm(page, hidden)
    assert answer.status_code == 400
    assert play.slack.posts == []


async def organisation_shown(play: Play) -> str:
    async with play.database.reading(await workspace_of(play)) as store:
        connection = await store.connections.latest()
    return connection.tenant_name
