"""The page's look under the hood: the log, the calls used, and the rows that wait in Solido's outbox."""

from typing import Any

from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.hood import Entry, Hood
from sandbox.mail import FakeMailbox
from sandbox.mail import Visit as MailVisit
from sandbox.xero import FakeXero
from storage.database import Database
from storage.models import OutboxMessage

MOST_ROWS = 40
SHOWN = 120


def routes(hood: Hood, xero: FakeXero, mailbox: FakeMailbox, database: Database) -> list[BaseRoute]:
    """GET /desk/hood and GET /desk/hood/{number}; letters' visits have numbers below zero."""

    async def state(_request: Request) -> Response:
        visits = [_line(number, visit) for number, visit in enumerate(mailbox.visits, 1)]
        entries = sorted([*(one.line() for one in hood.entries), *visits], key=lambda one: one["at"])[-SHOWN:]
        calls = [_calls(xero, one.name, one.tenant_id) for one in xero.organisations if xero.is_connected(one)]
        return JSONResponse({"entries": entries[::-1], "calls": calls, "outbox": await outbox(database)})

    async def one(request: Request) -> Response:
        number = request.path_params["number"]
        visits = list(mailbox.visits)
        if number.startswith("mail-") and number[5:].isdigit() and 0 < int(number[5:]) <= len(visits):
            visit = visits[int(number[5:]) - 1]
            whole = {"request": [], "sent": "\n".join(visit.lines), "answer": [], "got": ""}
            return JSONResponse(whole | {"under_way": visit.under_way})
        found: Entry | None = hood.find(int(number)) if number.isascii() and number.isdigit() else None
        return JSONResponse(found.whole()) if found else JSONResponse({"error": "It is not kept any more."}, 404)

    return [Route("/desk/hood", state), Route("/desk/hood/{number}", one)]


def _line(number: int, visit: MailVisit) -> dict[str, Any]:
    """A visit at the mailbox, as a line of the log."""
    to = [line.removeprefix("> RCPT TO:") for line in visit.lines if line.startswith("> RCPT")]
    refused = [line for line in visit.lines if line.startswith(("< 4", "< 5", "  the line"))]
    return {
        "number": f"mail-{number}",
        "at": visit.at.isoformat(),
        "way": "Solido → Mail",
        "method": "SMTP",
        "path": " ".join(to),
        "status": int(refused[0][2:5]) if refused and refused[0][2:5].isdigit() else None if refused else 250,
        "under_way": visit.under_way,
        "failed": bool(refused),
    }


def _calls(xero: FakeXero, name: str, tenant_id: str) -> dict[str, Any]:
    return {"organisation": name, "used": xero.limits.used_today(tenant_id), "allowed": xero.limits.day}


async def outbox(database: Database) -> list[dict[str, Any]]:
    """Solido's notices, those that wait first, then the newest."""
    rows = select(OutboxMessage).order_by(col(OutboxMessage.waiting).desc(), col(OutboxMessage.created_at).desc())
    async with database.asking() as unscoped:
        found = (await unscoped.session.exec(rows.limit(MOST_ROWS))).all()
    return [
        {
            "card": row.card,
            "waiting": row.waiting,
            "attempts": row.attempts,
            "next_attempt_at": row.next_attempt_at.isoformat(),
            "told_at": row.told_at.isoformat() if row.told_at else None,
            "last_error": row.last_error,
        }
        for row in found
    ]
