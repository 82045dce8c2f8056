"""The mirror against the books themselves, to the cent, as time goes by."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.xero import FakeXero, Organisation, demo_ledger, load_receivables
from tests.ledgers import MISSING, RECEIVABLES, open_on
from tests.stories.conftest import performed
from tests.stories.play import HARBOUR, Play, workspace_of

QUARTER_ENDS = (date(2013, 3, 31), date(2013, 6, 30), date(2013, 9, 30))


def nine_o_clock(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


async def mirrored(play: Play) -> dict[str, Decimal]:
    """Outstanding invoices by number, as Solido has them."""
    async with play.database.reading(await workspace_of(play)) as store:
        return {invoice.number: invoice.amount_due for invoice in await store.invoices.outstanding()}


async def sleep_until(play: Play, day: date) -> None:
    """Four weeks at a time, as for a machine that is switched off a lot; the permission would not survive a quarter."""
    await play.let_pass(step=timedelta(weeks=4), seconds=(nine_o_clock(day) - play.now).total_seconds())


@pytest.mark.skipif(not RECEIVABLES.exists(), reason=MISSING)
async def test_a_real_ledger_agrees_to_the_cent_at_three_quarter_ends(whole_url: str):
    first, *later = QUARTER_ENDS

    def fill(xero: FakeXero) -> Organisation:
        return load_receivables(xero, RECEIVABLES)

    async with performed(whole_url, fill, start=nine_o_clock(first)) as play:
        await play.connect()
        for today in QUARTER_ENDS:
            if today in later:
                await sleep_until(play, today)
            owed = open_on(today)
            assert await mirrored(play) == {line.number: line.amount for line in owed}
            status = await play.say("status")
            total = f"{sum(line.amount for line in owed):,.2f} USD"
            late = [line for line in owed if line.due_on < today]
            assert f"{total} in {len(owed)} invoices" in status.blocks[4]["text"]["text"]
            assert (
                f"{sum(line.amount for line in late):,.2f} USD overdue in {len(late)}"
                in status.blocks[4]["text"]["text"]
            )


@pytest.mark.skipif(not RECEIVABLES.exists(), reason=MISSING)
async def test_the_first_sync_of_the_real_ledger_says_what_was_found(whole_sqlite_url: str):
    def fill(xero: FakeXero) -> Organisation:
        return load_receivables(xero, RECEIVABLES)

    async with performed(whole_sqlite_url, fill, start=nine_o_clock(date(2013, 6, 30))) as play:
        await play.connect()
        assert "29 outstanding invoices worth 1,721.94 USD from 19 customers, 6 overdue, in" in play.slack.posts[1].text


async def test_a_generated_ledger_agrees_whatever_happens_to_it(whole_url: str):
    async with performed(whole_url, demo_ledger) as play:
        await play.connect()
        organisation = play.organisation()
        for change in changes_of(organisation):
            change()
            play.world.clock.forward(timedelta(minutes=20))
            await play.settle()
            assert await mirrored(play) == {i.number: i.due for i in organisation.outstanding()}


def changes_of(organisation: Organisation) -> Sequence:
    """A day in the books: paid, part paid, credited, void, re-dated, re-opened, new."""
    one, two, three, four, five, *_rest = (i for i in organisation.outstanding() if i.paid == 0 and i.credited == 0)
    today = organisation.today()
    return (
        lambda: organisation.pay(one),
        lambda: organisation.pay(two, two.due / 2),
        lambda: organisation.credit(three),
        lambda: organisation.void(four),
        lambda: organisation.change_due_date(five, today + timedelta(days=30)),
        lambda: organisation.unpay(one),
        lambda: organisation.add_invoice(
            one.contact, number="NEW-1", total=Decimal("12.34"), issued_on=today, due_on=today
        ),
    )


async def test_overdue_is_judged_where_the_organisation_is(whole_sqlite_url: str):
    """Half past eleven in the morning in London is already tomorrow in Auckland."""

    def fill(xero: FakeXero) -> None:
        books = xero.add_organisation(HARBOUR, base_currency="NZD", country="NZ", timezone="NEWZEALANDSTANDARDTIME")
        customer = books.add_contact("Fern Books", "accounts@example.com")
        for number, due_on in (("TODAY-THERE", date(2026, 11, 24)), ("YESTERDAY-THERE", date(2026, 11, 23))):
            books.add_invoice(
                customer, number=number, total=Decimal("10.00"), issued_on=date(2026, 11, 1), due_on=due_on
            )

    async with performed(whole_sqlite_url, fill, start=datetime(2026, 11, 23, 11, 30, tzinfo=UTC)) as play:
        await play.connect()
        assert "2 outstanding invoices worth 20.00 NZD from 1 customer, 1 overdue" in play.slack.posts[1].text
