"""The emulated mailbox, as a real SMTP client finds it."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage

import aiosmtplib
import pytest

from sandbox.mail import KINDS, LABELS, FakeMailbox

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def mailbox() -> AsyncIterator[FakeMailbox]:
    box = FakeMailbox(clock=lambda: NOON)
    await box.start()
    yield box
    await box.stop()


def a_letter(to: str = "pay@example.com", subject: str = "Invoice INV-1") -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "books@example.com", to, subject
    letter["Message-ID"] = "<one@example.com>"
    letter.set_content("Grüße,\n.a line that begins with a dot\n")
    letter.add_alternative("<p>Grüße</p>", subtype="html")
    return letter


async def send(box: FakeMailbox, *to: str, timeout: float = 3.0) -> None:  # noqa: ASYNC109 aiosmtplib's own
    await aiosmtplib.send(
        a_letter(", ".join(to or ("pay@example.com",))), hostname="127.0.0.1", port=box.port, timeout=timeout
    )


async def test_a_letter_arrives_with_its_envelope_headers_and_both_bodies(mailbox):
    await send(mailbox)
    [letter] = mailbox.letters
    assert (letter.at, letter.sender, list(letter.recipients)) == (NOON, "books@example.com", ["pay@example.com"])
    assert (letter.subject, letter.header("message-id")) == ("Invoice INV-1", "<one@example.com>")
    assert (letter.text, letter.html) == ("Grüße,\n.a line that begins with a dot\n", "<p>Grüße</p>\n")
    assert "Invoice" not in repr(letter)


async def test_a_letter_in_plain_text_has_no_html(mailbox):
    plain = EmailMessage()
    plain["From"], plain["To"], plain["Subject"] = "books@example.com", "pay@example.com", "Überfällig"
    plain.set_content("Hello")
    await aiosmtplib.send(plain, hostname="127.0.0.1", port=mailbox.port)
    [letter] = mailbox.to("PAY@example.com")
    assert (letter.subject, letter.text, letter.html) == ("Überfällig", "Hello\n", None)


async def test_a_refused_recipient_gets_550_and_the_others_their_letter(mailbox):
    mailbox.break_next("refuse-recipient", to="Gone@example.com")
    _, said = (
        [],
        await aiosmtplib.send(a_letter("gone@example.com, here@example.com"), hostname="127.0.0.1", port=mailbox.port),
    )
    assert said[0]["gone@example.com"].code == 550
    assert [list(one.recipients) for one in mailbox.letters] == [["here@example.com"]]
    await send(mailbox, "gone@example.com")
    assert len(mailbox.letters) == 2


@pytest.mark.parametrize(("kind", "code"), [("refuse-recipient", 550), ("temporary", 451)])
async def test_a_recipients_trouble_has_its_code_and_passes(mailbox, kind, code):
    mailbox.break_next(kind)
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await send(mailbox)
    assert [one.code for one in refused.value.recipients] == [code]
    assert mailbox.letters == []
    await send(mailbox)
    assert len(mailbox.letters) == 1


@pytest.mark.parametrize(("kind", "code"), [("refuse-all", 550), ("busy", 421)])
async def test_a_letter_can_be_refused_before_anybody_is_named(mailbox, kind, code):
    mailbox.break_next(kind)
    with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
        await send(mailbox)
    assert (refused.value.code, mailbox.letters) == (code, [])


@pytest.mark.parametrize(("kind", "arrived"), [("cut-before", 0), ("cut-after-data", 1), ("cut-and-lost", 0)])
async def test_a_cut_line_tells_the_client_nothing_whether_or_not_the_letter_is_there(mailbox, kind, arrived):
    mailbox.break_next(kind)
    began = time.monotonic()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(mailbox)
    assert time.monotonic() - began < 2
    assert len(mailbox.letters) == arrived


async def test_trouble_lasts_until_healed_when_it_has_no_count(mailbox):
    mailbox.break_next("refuse-all", times=None)
    for _ in range(3):
        with pytest.raises(aiosmtplib.SMTPSenderRefused):
            await send(mailbox)
    mailbox.heal()
    await send(mailbox)
    assert (len(mailbox.letters), mailbox.faults) == (1, [])


async def test_a_slow_server_answers_late(mailbox):
    mailbox.break_next("slow", seconds=0.3)
    began = time.monotonic()
    await send(mailbox)
    assert time.monotonic() - began >= 0.3
    mailbox.break_next("slow", seconds=5)
    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await send(mailbox, timeout=0.2)


async def test_a_mailbox_with_a_password_wants_it():
    box = FakeMailbox(user="books", password="a secret word")
    await box.start()
    there = {"hostname": "127.0.0.1", "port": box.port, "start_tls": False}
    with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
        await aiosmtplib.send(a_letter(), **there)
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as wrong:
        await aiosmtplib.send(a_letter(), username="books", password="wrong", **there)
    await aiosmtplib.send(a_letter(), username="books", password="a secret word", **there)
    assert (refused.value.code, wrong.value.code, len(box.letters)) == (530, 535, 1)
    assert "secret" not in str(box.visits)
    await box.stop()


async def test_the_log_of_a_visit_shows_the_conversation_but_not_the_letter(mailbox):
    await send(mailbox)
    [visit] = mailbox.visits
    assert "> RCPT TO:<pay@example.com>" in visit.lines
    assert "< 250 OK: kept" in visit.lines
    assert "Grüße" not in str(visit)


async def test_every_letter_and_lever_is_told_to_whoever_watches():
    told: list[int] = []
    box = FakeMailbox(on_change=lambda: told.append(1))
    await box.start()
    box.break_next("temporary")
    box.heal()
    await send(box)
    assert len(told) == 3
    await box.stop()


async def test_the_mailbox_listens_on_loopback_and_stops_with_somebody_still_connected(mailbox):
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=mailbox.port)
    await client.connect()
    await asyncio.wait_for(mailbox.stop(), 2)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", mailbox.port)
    client.close()


def test_every_trouble_has_words():
    assert set(LABELS) == set(KINDS)
