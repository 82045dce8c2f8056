"""Whatever happens, in whatever order: no letter that should not have gone, and none missing that should have.

The oracle (truth.py) knows what is true in Xero, and looks at each letter at the moment it reaches the customer.
`make prove` takes a hundred thousand steps; STEPS and --hypothesis-seed say how many and which.
"""

import os
import sys

from tests.core.reminders.machine import counted, play

PROVE = os.environ.get("SOLIDO_PROVE") == "1"
STEPS = int(os.environ.get("STEPS") or (100_000 if PROVE else 2_000))


def test_no_letter_is_wrong_and_none_is_missing():
    counted.clear()
    play(STEPS)
    sys.stdout.write(f"\n{dict(counted)}\n")
    assert counted["letters"] >= counted["steps"] / 20, "too seldom a letter: this proves nothing"
