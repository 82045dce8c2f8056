"""The inbox's JSON, and the page on which a letter's HTML can do nothing."""

import json
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from sandbox.mail import FakeMailbox
from sandbox.mail.desk import routes
from sandbox.page.guard import Guard

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
async def mailbox() -> AsyncIterator[FakeMailbox]:
    box = FakeMailbox()
    await box.start()
    yield box
    await box.stop()


@pytest.fixture
def page(mailbox: FakeMailbox) -> httpx.AsyncClient:
    app = Starlette(routes=routes(mailbox), middleware=[Middleware(Guard)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost:8000")


async def arrive(mailbox: FakeMailbox, subject: str = "Invoice 1", *, html: bool = True) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "Books <books@example.com>", "pay@example.com", subject
    letter.set_content(HOSTILE)
    if html:
        letter.add_alternative(HOSTILE, subtype="html")
    await aiosmtplib.send(letter, hostname="127.0.0.1", port=mailbox.port)


async def test_letters_are_shown_newest_first_with_everything_a_reader_sees(mailbox, page):
    await arrive(mailbox, "First")
    await arrive(mailbox, "Second", html=False)
    seen = (await page.get("/desk/mail/state")).json()
    second, first = seen["letters"]
    assert (seen["count"], first["subject"], second["subject"]) == (2, "First", "Second")
    assert (first["from"], first["to"], first["has_html"]) == ("Books <books@example.com>", ["pay@example.com"], True)
    assert (second["has_html"], second["text"]) == (False, HOSTILE + "\n")
    assert ["Subject", "First"] in first["headers"]


async def test_a_letter_that_was_shown_before_is_not_read_again(mailbox, page):
    """The inbox is asked for at every change of anything, and meanwhile Solido on the same loop answers nobody."""
    await arrive(mailbox)
    seen = (await page.get("/desk/mail/state")).json()
    [letter] = mailbox.letters
    object.__setattr__(letter, "raw", b"")  # whoever read it now would find nothing
    assert (await page.get("/desk/mail/state")).json() == seen


async def test_a_letters_html_stands_alone_and_locked(mailbox, page):
    await arrive(mailbox)
    answer = await page.get("/desk/mail/letters/0")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox;")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await page.get("/desk/mail/letters/1")).status_code == 404


async def test_a_lever_is_set_and_healed(mailbox, page):
    answer = await page.post("/desk/mail/act", json={"action": "break", "kind": "refuse-all", "times": None})
    assert answer.json()["said"]
    [fault] = (await page.get("/desk/mail/state")).json()["faults"]
    assert (fault["kind"], fault["times"]) == ("refuse-all", None)
    await page.post("/desk/mail/act", json={"action": "heal"})
    assert mailbox.faults == []


@pytest.mark.parametrize(
    "order", [None, [], {}, {"action": "break", "kind": "x"}, {"action": "break", "kind": "slow", "times": 0}]
)
async def test_an_impossible_order_is_explained(page, order):
    answer = await page.post("/desk/mail/act", content=json.dumps(order), headers={"content-type": "application/json"})
    assert (answer.status_code, "error" in answer.json()) == (400, True)
