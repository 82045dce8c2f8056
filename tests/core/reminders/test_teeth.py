"""The random life of test_never_wrong.py bites: with the gate, or the promise of one letter, broken in one way, it
fails within the steps that `make test` takes. Runs in `make mutants` and `make prove`.
"""

import os
import sys

import pytest

from core.mail import Fate, Outcome
from core.reminders import claiming, gate, sending
from core.reminders.gate import Reason, Send, Why, Withhold
from core.reminders.rules import THANKS
from storage.letters import Letters
from storage.reminder_models import LetterState
from tests.core.reminders.machine import counted, play

STEPS = 2_000

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(os.environ.get("SOLIDO_PROVE") != "1", reason="`make mutants` and `make prove` run it"),
]


def blind_to(*whys):
    """A gate that does not see these reasons."""

    def may_send(facts, policy, now):
        found = gate.may_send(facts, policy, now)
        left = () if isinstance(found, Send) else tuple(one for one in found.reasons if one.why not in whys)
        return Withhold(left) if left else Send()

    return may_send


GATES = {
    "always sends": lambda facts, policy, now: Send(),
    "always holds": lambda facts, policy, now: Withhold((Reason(Why.UNKNOWN),)),
    "ignores holds": blind_to(Why.DISPUTED, Why.HELD),
    "ignores promises": blind_to(Why.PROMISED),
    "ignores that it is settled": blind_to(Why.NOT_OUTSTANDING, Why.SETTLED, Why.CONTRADICTORY),
    "ignores a due date that moved": blind_to(Why.DUE_DATE_MOVED, Why.STEP_NOT_DUE),
    "ignores credit": blind_to(Why.UNAPPLIED),
    "ignores who unsubscribed": blind_to(Why.UNSUBSCRIBED),
    "ignores a lost connection": blind_to(Why.NOT_CONNECTED),
    "believes old answers": blind_to(Why.NOT_FRESH, Why.OUTSIDE_WINDOW, Why.BOOKS_OLD),
    "writes to nobody": blind_to(Why.NO_RECIPIENT),
    "thanks for what is not paid": blind_to(Why.NOT_PAID, Why.STEP_NOT_DUE),
    "never thanks": lambda facts, policy, now: (
        Withhold((Reason(Why.NO_THANKS),)) if thanks(facts) else gate.may_send(facts, policy, now)
    ),
}


def thanks(facts):
    return any(line.step == THANKS.days for line in facts.lines)


def bites() -> None:
    counted.clear()
    with pytest.raises(BaseException) as caught:  # noqa: PT011  # one failure, or a group of several
        play(STEPS, shrink=False)
    assert caught.group_contains(AssertionError) if isinstance(caught.value, BaseExceptionGroup) else isinstance(
        caught.value, AssertionError
    )  # fmt: skip
    sys.stdout.write(f"caught after {counted['steps']} steps and {counted['letters']} letters\n")


@pytest.mark.parametrize("may_send", GATES.values(), ids=GATES)
def test_a_gate_that(may_send, monkeypatch):
    monkeypatch.setattr(claiming, "may_send", may_send)
    bites()


def test_a_claim_that_can_be_repeated(monkeypatch):
    async def claim(self, letter, reminders):
        return True

    monkeypatch.setattr(Letters, "claim", claim)
    bites()


def test_a_letter_of_unknown_fate_that_is_tried_again(monkeypatch):
    monkeypatch.setitem(sending.FATES, Fate.UNKNOWN, LetterState.REFUSED)
    bites()


def test_a_letter_that_nobody_came_back_from_and_is_tried_again(monkeypatch):
    async def lost(self, workspace_id, letter_id):
        async with self.syncing.database.workspace(workspace_id) as store:
            await self._end(store, letter_id, Outcome(Fate.REFUSED, ""), now=sending.utc_now())

    monkeypatch.setattr(sending.Sending, "_lost", lost)
    bites()


def test_a_letter_whose_end_is_forgotten(monkeypatch):
    """Counted as not sent once it went."""
    monkeypatch.setitem(sending.FATES, Fate.SENT, LetterState.NOT_SENT)
    bites()
