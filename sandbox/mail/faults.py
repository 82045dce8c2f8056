"""What can go wrong with a letter on its way."""

from dataclasses import dataclass
from typing import Literal, get_args

FaultKind = Literal[
    "refuse-recipient", "refuse-all", "temporary", "busy", "cut-before", "cut-after-data", "cut-and-lost", "slow"
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
LABELS: dict[FaultKind, str] = {
    "refuse-recipient": "Refuse a recipient (550)",
    "refuse-all": "Refuse every letter (550 to MAIL)",
    "temporary": "Not now (451)",
    "busy": "Too busy to talk (421)",
    "cut-before": "Cut the line before the letter",
    "cut-after-data": "Cut the line after DATA: the letter arrived, the answer is lost",
    "cut-and-lost": "Cut the line after DATA: the letter is lost too",
    "slow": "Answer slowly",
}


@dataclass
class Fault:
    """`times` is None for "until healed"; `to` is an address in lower case, None for any; `seconds` is a slow wait."""

    kind: FaultKind
    times: int | None
    to: str | None
    seconds: float


class Faults:
    """Troubles that wait for their moment, first come first served."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, *kinds: FaultKind, to: str | None = None) -> Fault | None:
        """Return the trouble of one of these kinds that strikes now, and count it down."""
        fault = next((one for one in self.waiting if one.kind in kinds and one.to in (None, to)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
        return fault
