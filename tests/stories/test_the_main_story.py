"""What a person lives through, from the first word to the last, through the real routes."""

from datetime import timedelta

from tests.stories.play import HARBOUR, Play, link_in, shown, words, workspace_of


async def test_help_says_in_a_dozen_lines_what_solido_does(play: Play):
    reply = await play.say("help")
    lines = reply.text.splitlines()
    assert len(lines) <= 12
    for command in ("connect", "sync", "status", "disconnect", "help"):
        assert any(f"/solido {command}" in line for line in lines)


async def test_from_connecting_through_lost_access_to_disconnecting_and_back(play_on_both: Play):
    play = play_on_both
    xero, slack = play.organisation(), play.slack

    # connect: only to the person who asked, with what is read, written and shown
    invitation = await play.say("connect", user="admin")
    assert invitation.response_type == "ephemeral"
    assert "reads your sales invoices" in invitation.text
    assert "history note" in invitation.text
    assert "will be shown in <#C0FINANCE>" in invitation.text
    page = await play.walk_through_xero(link_in(invitation), xero)
    done = await play.confirm(page, xero)
    assert f"{HARBOUR} is now connected to #finance" in words(done)
    assert "Back to Slack" in words(done)

    # the channel: who connected, and the first sync in one message that was edited
    connected, first = slack.posts
    assert connected.text.startswith(f":link: Connected to *{HARBOUR}* by Admin. This channel hears")
    open_ones = xero.outstanding()
    owed = sum(invoice.due for invoice in open_ones)
    customers = {invoice.contact.id for invoice in open_ones}
    overdue = sum(1 for i in open_ones if i.due_on is not None and i.due_on < xero.today())
    assert first.text.startswith(
        f":white_check_mark: First sync done: {len(open_ones)} outstanding invoices worth {owed:,.2f} USD "
        f"from {len(customers)} customers, {overdue} overdue, in "
    )

    # automatic syncs without a word
    await play.let_pass(minutes=46)
    assert len(slack.posts) == 2

    # a manual one: the ack at once, the result in the same place
    asked = await slack.command("sync", user="member")
    assert asked.text == f"Syncing *{HARBOUR}* now. The result follows here."
    await play.settle()
    assert slack.posts[-1].text.startswith(":white_check_mark: Sync done: nothing new, in ")
    assert "Asked for by Member" in shown(slack.posts[-1])

    # somebody pays
    paid = open_ones[0]
    xero.pay(paid)
    await play.say("sync")
    assert "Sync done: 1 settled" in slack.posts[-1].text
    status = await play.say("status")
    assert f"in {len(open_ones) - 1} invoices" in shown(status)
    assert "1 settled" in shown(status)

    # access ends in Xero: exactly one alert, edited by later failures
    before = len(slack.posts)
    play.xero.revoke(xero)
    await play.let_pass(minutes=46)
    [alert] = slack.posts[before:]
    assert "Solido was disconnected in Xero" in alert.text
    assert "What it means" in shown(alert)
    assert "3 failed tries" in shown(alert)

    # another organisation is refused with words, the same one is taken
    other = play.organisation("Southern Star Traders")
    refused = await play.reconnect(link_in(await play.press(alert, "Reconnect")), other)
    assert refused.status_code == 400
    assert f"It keeps the books of {HARBOUR}; in Xero, {other.name} was chosen." in words(refused)
    assert "in a channel of its own" in words(refused)
    xero_numbers = {i.number for i in xero.outstanding()}
    missed = xero.add_invoice(
        next(iter(xero.contacts)), number="MISSED-1", total=paid.total, issued_on=xero.today(), due_on=xero.today()
    )
    back = await play.reconnect(link_in(await play.press(alert, "Reconnect")), xero)
    assert f"{HARBOUR} is now connected to #finance" in words(back)
    assert "Recovered after" in alert.text
    assert sum("Recovered" in post.text for post in slack.posts) == 1
    async with play.database.reading(await workspace_of(play)) as store:
        assert {i.number for i in await store.invoices.outstanding()} == xero_numbers | {missed.number}

    # disconnect: asks first; Cancel changes nothing
    question = await play.say("disconnect")
    assert f"Disconnect <#C0FINANCE> from *{HARBOUR}*?" in question.text
    assert "Stops at once" in question.text
    assert "Stays" in question.text
    await play.press(question.message, "Cancel")
    assert play.xero.is_connected(xero)
    question = await play.say("disconnect")
    await play.press(question.message, "Disconnect")
    assert not play.xero.is_connected(xero)
    removals = [r for r in play.xero.requests if r.method == "DELETE" and "/connections/" in r.path.lower()]
    assert len(removals) == 1
    assert not any("revocation" in request.path for request in play.xero.requests)
    calls = len(play.xero.requests)
    await play.let_pass(hours=3, step=timedelta(minutes=15))
    assert len(play.xero.requests) == calls
    status = await play.say("status")
    assert "Disconnected" in status.text
    assert "(as of <!date^" in shown(status)

    # and on from there
    page = await play.reconnect(link_in(await play.say("connect")), xero)
    assert page.status_code == 200
    assert "Connected again" in slack.posts[-2].text
    assert play.xero.is_connected(xero)
