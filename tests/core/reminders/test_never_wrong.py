"""Whatever happens, in whatever order: no letter that should not have gone, and none missing that should have.

The oracle (truth.py) knows what is true in Xero, and looks at each letter at the moment it reaches the customer.
`make prove` takes a hundred thousand steps, two thousand from each seed; STEPS, SEED and MINUTES are heard.
"""

import os
import random
import sys
from time import monotonic

import pytest

from tests.core.reminders.machine import counted, play

pytestmark = pytest.mark.prove

PROVE = os.environ.get("SOLIDO_PROVE") == "1"
AT_ONCE = 2_000
STEPS = int(os.environ.get("STEPS") or (100_000 if PROVE else AT_ONCE))
LIVES = 1 if PROVE else 2
"""Halves, for as many processes of `make test`."""
SECONDS = 60 * float(os.environ.get("MINUTES") or "inf")
SEED = int(os.environ.get("SEED") or (random.SystemRandom().randrange(10**9) if PROVE else 20261122))
"""`make test` lives the same lives each time; new ones are for `make prove`."""


@pytest.mark.parametrize("life", range(LIVES))
def test_no_letter_is_wrong_and_none_is_missing(life):
    counted.clear()
    wanted, begun, seed = STEPS // LIVES, monotonic(), SEED + life
    while counted["steps"] < wanted and monotonic() - begun < SECONDS:
        play(min(wanted - counted["steps"], AT_ONCE), begin_with=seed)
        sys.stdout.write(f"\nseed {seed}: {counted['steps']:,} steps so far, {dict(counted)}")
        sys.stdout.flush()
        seed += LIVES
    seldom = counted["letters"] < counted["steps"] / 20 or not counted["thanked for"]
    assert not seldom or STEPS < AT_ONCE, "too seldom a letter: this proves nothing"
