"""Two years of a real ledger with the default rules: every letter is listed, and none is about a settled invoice."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.reminders.facts import HoldReason
from sandbox.xero import load_receivables
from sandbox.xero.ledger import read
from storage.reminder_models import LetterState, Scope
from tests.core.reminders.stage import a_stage
from tests.ledgers import MISSING, RECEIVABLES

pytestmark = pytest.mark.prove

PROVE = os.environ.get("SOLIDO_PROVE") == "1"
FROM = datetime(2012, 1, 2, 9, 5, tzinfo=UTC)
DAYS = 2 * 366 if PROVE else 60
LIST = Path(os.environ.get("SOLIDO_LETTERS") or os.devnull)


@pytest.mark.skipif(not RECEIVABLES.exists(), reason=MISSING)
async def test_no_letter_is_about_an_invoice_after_its_settled_date_nor_a_disputed_one():
    """The first two months in `make test`, all of it in `make prove`; SOLIDO_LETTERS names a file for the list."""
    rows = {row.number: row for row in read(RECEIVABLES)}
    stage = await a_stage("", FROM, ledger=lambda xero: load_receivables(xero, RECEIVABLES))
    held: set[UUID] = set()
    for number in range(DAYS):
        stage.clock.forward(FROM + timedelta(days=number) - stage.now)
        if stage.now.weekday() > 4:
            continue
        await stage.sync()
        async with stage.database.reading(stage.workspace) as store:
            disputed = [one for one in await store.invoices.outstanding() if one.reference == "Disputed"]
        for one in disputed:
            if one.invoice_id not in held:
                held.add(one.invoice_id)
                await stage.reminding.hold(
                    stage.workspace, Scope.INVOICE, one.invoice_id, reason=HoldReason.DISPUTED, by="U", now=stage.now
                )
        await stage.tick()
    listed = []
    async with stage.database.reading(stage.workspace) as store:
        for letter in reversed(await store.letters.latest(100_000)):
            assert letter.state == LetterState.SENT
            listed += [
                (letter.goes_on, letter.contact_name, one.number, one.step)
                for one in await store.letters.reminders([letter.id])
            ]
    await stage.close()
    wrong = [line for line in listed if rows[line[2]].settled_on and line[0] >= rows[line[2]].settled_on]
    assert wrong == []
    assert not any(rows[line[2]].disputed for line in listed)
    assert len({(line[2], line[3]) for line in listed}) == len(listed)
    assert listed
    LIST.write_text("".join(f"{on} {name} {number} {step:+}\n" for on, name, number, step in listed))  # noqa: ASYNC240  # nothing else runs here
    sys.stdout.write(f"\n{len(listed)} reminders in {len(stage.mailer.delivered)} letters over {DAYS} days\n")
