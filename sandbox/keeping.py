"""What the sandbox keeps in a folder: beside Solido's own database, everything the emulations remember.

The file is written whole and put in place in one move, soon after each change and at the end. After a crash at most
the last second is missing; where Solido's database knows more than Xero then, a reconnect mends it.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox import memory
from sandbox.courier import Courier, Due
from sandbox.mail import FakeMailbox, Letter
from sandbox.mail import Fault as MailFault
from sandbox.slack import FakeSlack
from sandbox.slack import kept as slack_kept
from sandbox.xero import FakeXero
from sandbox.xero import kept as xero_kept
from sandbox.xero.webhooks import Delivery

FORMAT = 1
NAME = "sandbox.json"
OURS = (NAME, "solido.db", "solido.db-wal", "solido.db-shm", "solido.db-journal", "solido.key")
"""Every file a sandbox makes in its folder."""


class CannotRemember(Exception):
    """The folder cannot be used; the message says what to do."""


class Kept:
    """What a file held: read in two steps, since the rest refers to organisations."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self.now = datetime.fromisoformat(content["now"])
        self.ports: dict[str, int] = content["ports"]
        self.tour: list[str] = content["tour"]

    def give(self, xero: FakeXero, slack: FakeSlack, mailbox: FakeMailbox, courier: Courier) -> None:
        """Fill what was just made and is still empty. Raises CannotRemember."""
        try:
            xero_kept.found(xero, self._content["organisations"])
            rest = memory.Reader(_classes(), xero_kept.named(xero)).unpack(self._content["rest"])
            xero_kept.recall(xero, rest["xero"])
            slack_kept.recall(slack, rest["slack"])
            mailbox.letters[:] = rest["letters"]
            mailbox.faults.extend(rest["mail_faults"])
            courier.due, courier.troubles = rest["deliveries"], rest["webhook_troubles"]
        except (memory.Unreadable, KeyError, TypeError, ValueError) as why:
            raise CannotRemember(f"{NAME} does not fit this program: start over with --fresh.") from why


class Keeper:
    """Keeps in `folder`, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self) -> Kept | None:
        """What was kept, None for a new folder. Raises CannotRemember."""
        try:
            content = json.loads(self._path.read_text())
            if content.get("format") != FORMAT:
                raise ValueError("another format")
            return Kept(content)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, AttributeError) as why:
            raise CannotRemember(f"{self._path} cannot be read: start over with --fresh.") from why

    def write(
        self, xero: FakeXero, slack: FakeSlack, mailbox: FakeMailbox, courier: Courier, about: Mapping[str, Any]
    ) -> None:
        """Put everything into the file. `about` is what else is kept, as plain JSON."""
        writer = memory.Writer(_classes(), xero_kept.named(xero), xero_kept.LEFT_OUT)
        rest = {
            "xero": xero_kept.memory(xero),
            "slack": slack_kept.memory(slack),
            "letters": mailbox.letters,
            "mail_faults": mailbox.faults,
            "deliveries": courier.due,
            "webhook_troubles": courier.troubles,
        }
        content = {
            "format": FORMAT,
            **about,
            "organisations": xero_kept.organisations(xero),
            "rest": writer.pack(rest),
        }
        fresh = self._path.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump(content, file, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def start_over(folder: Path) -> None:
    """Remove what a sandbox made in this folder, and nothing else."""
    for name in OURS:
        (folder / name).unlink(missing_ok=True)


def _classes() -> tuple[type, ...]:
    return (*xero_kept.CLASSES, *slack_kept.CLASSES, Letter, MailFault, Due, Delivery)
