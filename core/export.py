"""Everything of a workspace as files: its mirror, its syncs, its letters, as CSV and as JSON."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from core.errors import NotConnected
from storage.database import Database

LEFT_OUT = {"workspace_id", "connection_id", "census", "confirmed_by", "letter_id"}
"""What says nothing to a person."""
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Export:
    """A ZIP archive and what to call it."""

    organisation: str
    name: str
    content: bytes


async def export(database: Database, workspace_id: UUID, *, now: datetime) -> Export:
    """Raise NotConnected where nothing was ever connected."""
    async with database.reading(workspace_id) as store:
        connection = await store.connections.latest()
        if connection is None:
            raise NotConnected
        parts: dict[str, Sequence[SQLModel]] = {
            "invoices": await store.invoices.everything(),
            "customers": await store.contacts.all(),
            "syncs": await store.runs.everything(),
            "letters": await store.letters.everything(),
            "reminders": await store.letters.all_reminders(),
            "history": await store.audit.everything(),
        }
    rows = {name: [plain(one) for one in found] for name, found in parts.items()}
    about = {"organisation": connection.tenant_name, "at": now.isoformat()}
    return Export(connection.tenant_name, f"solido-{now:%Y-%m-%d}.zip", zipped(rows, about))


def plain(row: SQLModel) -> dict[str, Any]:
    return {name: value for name, value in row.model_dump().items() if not hidden(name)}


def hidden(name: str) -> bool:
    """Whether it says nothing to a person, or opens something."""
    return name in LEFT_OUT or name.endswith(("_sealed", "_hash"))


def zipped(rows: dict[str, list[dict[str, Any]]], about: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, found in rows.items():
            archive.writestr(f"{name}.csv", as_csv(found))
        archive.writestr(
            "everything.json", json.dumps({**about, **rows}, default=written, indent=1, ensure_ascii=False)
        )
    return out.getvalue()


def as_csv(rows: list[dict[str, Any]]) -> str:
    """A heading, then a line each. What a spreadsheet would take for a formula is marked as text."""
    out = io.StringIO()
    lines = csv.writer(out)
    if rows:
        lines.writerow(rows[0])
    lines.writerows([cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULAS) else value
    return json.dumps(value, default=written, ensure_ascii=False) if isinstance(value, list | dict) else written(value)


def written(value: Any) -> str:
    """Money exact, dates and moments in ISO 8601."""
    if isinstance(value, date):  # moments too
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value.value if isinstance(value, Enum) else value)
