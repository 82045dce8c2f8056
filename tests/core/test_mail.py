"""What becomes of a letter at a real SMTP server, told exactly."""

from datetime import UTC, datetime

import pytest

from core.mail import BadMailSettings, Fate, Mail, SmtpMailer, compose, read_sender, read_server
from sandbox.mail import FakeMailbox

SENDER = ("Harbour Lane", "accounts@example.com")
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def a_mail(*to: str, **about) -> Mail:
    fields = {"subject": "Payment due: INV-0042", "text": "Hello Łódź ☕\n", "html": "<p>Hello Łódź ☕</p>", "at": NOW}
    return Mail("letter-1", to or ("late@example.com",), **(fields | about))


@pytest.fixture
async def mailbox():
    mailbox = FakeMailbox(clock=lambda: NOW)
    await mailbox.start()
    yield mailbox
    await mailbox.stop()


def mailer(mailbox: FakeMailbox, **about) -> SmtpMailer:
    return SmtpMailer(read_server(mailbox.url), SENDER, seconds=2.0, **about)


async def test_a_letter_arrives_as_text_and_html_with_proper_headers(mailbox):
    mail = a_mail(reply_to="books@example.com", sender_name="Łódź Trading", unsubscribe="https://s.example.com/u/1")
    assert (await mailer(mailbox).send(mail)).fate is Fate.SENT
    [letter] = mailbox.letters
    assert letter.recipients == ("late@example.com",)
    assert letter.sender == "accounts@example.com"
    assert (letter.text, letter.html) == ("Hello Łódź ☕\n", "<p>Hello Łódź ☕</p>\n")
    assert {name: letter.header(name) for name, _ in letter.headers if not name.startswith("Content")} == {
        "From": "Łódź Trading <accounts@example.com>",
        "To": "late@example.com",
        "Reply-To": "books@example.com",
        "Subject": "Payment due: INV-0042",
        "Date": "Tue, 24 Nov 2026 09:30:00 +0000",
        "Message-ID": "<letter-1@example.com>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": "<https://s.example.com/u/1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
    }
    assert letter.raw.isascii()


@pytest.mark.parametrize(
    ("trouble", "fate", "arrived"),
    [
        ("refuse-recipient", Fate.BOUNCED, 0),
        ("refuse-all", Fate.REFUSED, 0),
        ("temporary", Fate.REFUSED, 0),
        ("busy", Fate.REFUSED, 0),
        ("cut-before", Fate.REFUSED, 0),
        ("cut-after-data", Fate.UNKNOWN, 1),
        ("cut-and-lost", Fate.UNKNOWN, 0),
        ("slow", Fate.REFUSED, 0),
    ],
)
async def test_each_trouble_is_told_for_what_it_is_and_nothing_is_tried_again(mailbox, trouble, fate, arrived):
    mailbox.break_next(trouble)
    assert (await mailer(mailbox).send(a_mail())).fate is fate
    assert len(mailbox.letters) == arrived
    assert len(mailbox.visits) == 1


async def test_one_refused_recipient_among_several_is_named_and_the_others_get_it(mailbox):
    mailbox.break_next("refuse-recipient", to="gone@example.com")
    outcome = await mailer(mailbox).send(a_mail("gone@example.com", "here@example.com"))
    assert (outcome.fate, outcome.bounced) == (Fate.SENT, ("gone@example.com",))
    assert mailbox.letters[0].recipients == ("here@example.com",)


async def test_where_one_of_several_has_to_wait_nobody_gets_it_yet(mailbox):
    mailbox.break_next("temporary", to="later@example.com")
    outcome = await mailer(mailbox).send(a_mail("here@example.com", "later@example.com"))
    assert outcome.fate is Fate.REFUSED
    assert mailbox.letters == []


async def test_a_server_that_is_not_there_takes_nothing(mailbox):
    await mailbox.stop()
    assert (await mailer(mailbox).send(a_mail())).fate is Fate.REFUSED


async def test_a_log_in_is_done_and_a_wrong_one_takes_nothing():
    mailbox = FakeMailbox(user="solido", password="open sesame/?", clock=lambda: NOW)
    await mailbox.start()
    good = read_server(f"smtp://solido:open%20sesame%2F%3F@127.0.0.1:{mailbox.port}")
    assert (await SmtpMailer(good, SENDER).send(a_mail())).fate is Fate.SENT
    bad = read_server(f"smtp://solido:wrong@127.0.0.1:{mailbox.port}")
    outcome = await SmtpMailer(bad, SENDER).send(a_mail())
    assert outcome.fate is Fate.REFUSED
    assert "535" in outcome.detail
    await mailbox.stop()


async def test_where_starttls_is_asked_for_nothing_goes_without_it(mailbox):
    server = read_server(f"{mailbox.url}?starttls=true")
    assert (await SmtpMailer(server, SENDER).send(a_mail())).fate is Fate.REFUSED
    assert mailbox.letters == []


def test_a_line_break_in_a_name_never_makes_a_header():
    with pytest.raises(ValueError, match="invalid"):
        compose(a_mail(sender_name="A\r\nBcc: evil@example.com"), SENDER)


@pytest.mark.parametrize(
    ("url", "port", "tls", "starttls"),
    [
        ("smtp://mail.example.com", 587, False, None),
        ("smtp://u:p@mail.example.com", 587, False, True),
        ("smtp://u:p@mail.example.com?starttls=false", 587, False, False),
        ("smtp://u:p@localhost:2525", 2525, False, None),
        ("smtps://u:p@mail.example.com", 465, True, False),
        ("smtp://mail.example.com:25?starttls=true", 25, False, True),
    ],
)
def test_the_address_of_a_server_says_how_to_talk_to_it(url, port, tls, starttls):
    server = read_server(url)
    assert (server.host in ("mail.example.com", "localhost"), server.port) == (True, port)
    assert (server.tls, server.starttls) == (tls, starttls)
    assert "p@" not in repr(server)
    assert "password" not in repr(server)


@pytest.mark.parametrize("url", ["", "mail.example.com", "http://x", "smtp://", "smtp://x:port", "smtp://x?starttls=1"])
def test_an_address_of_no_server_is_refused(url):
    with pytest.raises(BadMailSettings):
        read_server(url)


def test_the_sender_may_have_a_name():
    assert read_sender("Harbour Lane <a@example.com>") == ("Harbour Lane", "a@example.com")
    assert read_sender("a@example.com") == ("", "a@example.com")
    for wrong in ("", "nobody", "a@", "<>", "a@b@c"):
        with pytest.raises(BadMailSettings):
            read_sender(wrong)
