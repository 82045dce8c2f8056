"""What a letter says, and what a template may hold."""

from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reminders.addresses import recipients
from core.reminders.letters import HERE, Content, Owed, TemplateBroken, check, write
from core.reminders.rules import STEPS, Step

TODAY = date(2026, 11, 24)
LINK = "https://in.xero.com/abc?x=1&y=2"
STOP = "https://solido.example.com/unsubscribe/secret"


def owed(number="INV-0042", due="120.00", **about) -> Owed:
    fields = {"due_on": date(2026, 11, 5), "total": Decimal("120.00"), "currency": "GBP", "pay_link": LINK}
    return Owed(number, due=Decimal(due), **(fields | about))


def content(*invoices: Owed, **about) -> Content:
    fields = {"customer": "Quayside Books", "organisation": "Harbour Lane Ltd", "sender": "Harbour Lane Ltd"}
    return Content(invoices=invoices or (owed(),), today=TODAY, unsubscribe=STOP, **(fields | about))


def step(body="{{ invoices }}", subject="Hello") -> Step:
    return Step(0, subject, body)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]


OURS = {"html", "head", "meta", "body", "p", "br", "table", "tr", "th", "td", "a", "b", "!doctype"}


def tags_of(html: str) -> Tags:
    parser = Tags()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("each", STEPS, ids=lambda each: str(each.days))
def test_every_letter_we_ship_says_what_is_owed_and_how_to_pay_it(each):
    written = write(each, content())
    for said in (written.text, written.html):
        assert "Quayside Books" in said
        assert "INV-0042" in said
        assert "120.00 GBP" in said
        assert "5 November 2026" in said
        assert "If you have already paid, please ignore this letter." in said
        assert STOP in said
    assert LINK in written.text
    assert tags_of(written.html).links == [LINK, STOP]
    assert "INV-0042" in written.subject


def test_amounts_are_summed_within_a_currency_and_never_across():
    written = write(step(), content(owed(), owed("INV-0043", due="30.50"), owed("INV-0044", currency="EUR")))
    assert "Total: 120.00 EUR\nTotal: 150.50 GBP" in written.text
    assert "240" not in written.text
    assert "270" not in written.text


def test_of_a_part_paid_invoice_the_letter_names_the_rest():
    assert "INV-0042: 20.00 GBP of 120.00 GBP, due" in write(step(), content(owed(due="20.00"))).text


def test_amounts_are_exact():
    written = write(step(), content(owed(due="99999999999999.1234", total=Decimal("99999999999999.1234"))))
    assert "99,999,999,999,999.1234 GBP" in written.text


@pytest.mark.parametrize("name", ["Łódź Müller & 東京 Café ☕", "مكتبة الميناء", "Smith & Sons <b>", "<!channel>"])
def test_names_in_any_script_arrive_as_they_are_and_never_as_markup(name):
    written = write(STEPS[0], content(owed(reference=name), customer=name))
    assert name in written.text
    assert set(tags_of(written.html).tags) <= OURS
    assert "<b>Smith" not in written.html


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whatever_stands_in_the_books_no_markup_and_no_header_comes_of_it(name, number, reference):
    written = write(STEPS[3], content(owed(number, reference=reference), customer=name, sender=name))
    assert set(tags_of(written.html).tags) <= OURS
    assert set(tags_of(written.html).links) == {LINK, STOP}
    assert HERE not in written.text + written.html
    assert written.subject.isprintable()


def test_a_link_that_is_no_web_address_is_left_out():
    written = write(step(), content(owed(pay_link="javascript:alert(1)")))
    assert tags_of(written.html).links == [STOP]
    assert "javascript" not in written.text


def test_a_template_may_ask_questions():
    body = "{% if days_overdue > 10 %}Very late{% elif count > 1 %}Several{% else %}Fine{% endif %}\n{{ invoices }}"
    assert "Very late" in write(step(body), content()).text
    assert "Fine" in write(step(body), content(owed(due_on=TODAY))).text


@pytest.mark.parametrize(
    ("body", "line", "why"),
    [
        ("Dear {{ customer }}\n{{ invoices }}\n{{ nmae }}", 3, "there is no {{ nmae }}"),
        ("Hello\n{{ customer", 2, "end of"),
        ("{% if count %}\n{{ invoices }}", 2, "endif"),
        ("{{ invoices }}{% if " + "not " * 5000 + "count %}{% endif %}", 1, "nested"),
        ("{{ invoices }}" + "{% if count %}" * 90 + "{% endif %}" * 90, 1, "nested"),
        ("\n{% for i in count %}{{ invoices }}{% endfor %}", 2, "nothing else"),
        ("{{ invoices }}{{ customer.__class__ }}", 1, "nothing else"),
        ("{{ invoices }}{{ customer.ljust(999999999) }}", 1, "nothing else"),
        ("{{ invoices }}{{ 'x' * 999999999 }}", 1, "nothing else"),
        ("{{ invoices }}\n{{ customer | center(999999999) }}", 2, "there is no “center”"),
        ("{% include 'x' %}{{ invoices }}", 1, "nothing else"),
        ("{% set x = 1 %}{{ invoices }}", 1, "nothing else"),
        ("Please pay.", 1, "the list of invoices is missing"),
    ],
)
def test_a_template_that_could_not_be_sent_is_refused_with_its_line(body, line, why):
    with pytest.raises(TemplateBroken) as broken:
        check(step(body))
    assert broken.value.line == line
    assert why in broken.value.why


def test_what_cannot_be_compared_is_said_when_it_is_tried():
    with pytest.raises(TemplateBroken, match="compared"):
        write(step("{% if customer > 3 %}x{% endif %}{{ invoices }}"), content())


def test_a_subject_is_checked_too():
    with pytest.raises(TemplateBroken):
        check(step(subject="{{ nothing }}"))


@pytest.mark.parametrize(
    ("typed", "people", "found"),
    [
        ("accounts@example.com", [], ["accounts@example.com"]),
        ("one@example.com; two@example.com", ["ONE@example.com"], ["one@example.com", "two@example.com"]),
        ("", ["sam@example.com"], ["sam@example.com"]),
        ("Sam Field <sam@example.com>", [], ["sam@example.com"]),
        ("sam@müller.example", [], ["sam@xn--mller-kva.example"]),
        ("not an address", [], []),
        ("a@b", [], []),
        ("@example.com", [], []),
        ("a..b@example.com", [], []),
        ("müller@example.com", [], []),
        ("a@example.com\nBcc: b@example.com", [], ["a@example.com", "b@example.com"]),
        ("a@-example.com", [], []),
        ("a" * 65 + "@example.com", [], []),
        ("a@" + "b" * 64 + ".com", [], []),
    ],
)
def test_working_addresses_are_found_in_whatever_was_typed(typed, people, found):
    assert list(recipients(typed, people)) == found


@given(st.text(max_size=100), st.lists(st.text(max_size=30), max_size=3))
def test_no_text_breaks_the_search_for_addresses(typed, people):
    for address in recipients(typed, people):
        assert address.isascii()
        assert address.count("@") == 1
        assert not any(char.isspace() for char in address)
