"""An emulated mailbox: a real SMTP server on loopback that keeps every letter. See README.md."""

from .faults import KINDS, LABELS, Fault, FaultKind
from .letters import Letter
from .server import FakeMailbox, Visit

__all__ = ["KINDS", "LABELS", "FakeMailbox", "Fault", "FaultKind", "Letter", "Visit"]
