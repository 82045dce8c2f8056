"""A letter's words: templates that people edit, turned into text and HTML. Pure.

A template is plain text with variables in double braces and `{% if … %}`. It is rendered once, as text; the HTML is
made from that text, escaped, so that nothing from Xero, and nothing typed by anybody, ever becomes markup.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from html import escape

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.reminders.rules import Step
from core.wording import listed, money

VARIABLES: Mapping[str, str] = {
    "customer": "the customer's name",
    "invoices": "the list of invoices with amounts, due dates, links and totals; it has to be there",
    "numbers": "the numbers of the invoices, such as INV-0042 and INV-0043",
    "count": "how many invoices there are",
    "total": "what is owed in all, by currency; where the letter thanks, what was paid",
    "oldest_due": "the earliest due date among them",
    "days_overdue": "how many days the oldest is overdue; 0 while none is",
    "sender": "the sender's name of the rules, else your organisation's",
    "organisation": "your organisation's name",
}
FILTERS = ("upper", "lower", "title", "capitalize", "trim")
ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.If,
    nodes.Const,
    nodes.Compare,
    nodes.Operand,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Filter,
)
"""No loops, no calls, no arithmetic: a template cannot run long, grow large or reach anything."""
HERE = "\ue000"
"""Stands for the invoices while a template is rendered; taken out of everything else."""
DEEPEST = 20
TOO_DEEP = "too much is nested in too much"
SUBJECT_LIMIT = 200
SHORT = 24
"""Characters that stay on one line of the HTML."""
ALREADY_PAID = "If you have already paid, please ignore this letter."
STOP = "To receive no more letters like this one:"

_environment = ImmutableSandboxedEnvironment(autoescape=False, keep_trailing_newline=False)


class TemplateBroken(Exception):
    """The template cannot be used: `line` (from 1) and, in words, why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


@dataclass(frozen=True)
class Owed:
    """An invoice as a letter tells of it: `due` is what is left of `total`."""

    number: str
    due_on: date
    due: Decimal
    total: Decimal
    currency: str
    reference: str = ""
    pay_link: str = field(default="", repr=False)


@dataclass(frozen=True)
class Content:
    """What a letter is about. `unsubscribe` is the address of the page that stops letters; `paid`: it gives thanks for
    these invoices, and asks for nothing."""

    customer: str
    organisation: str
    sender: str
    invoices: tuple[Owed, ...]
    today: date
    unsubscribe: str = field(default="", repr=False)
    paid: bool = False


@dataclass(frozen=True)
class Written:
    subject: str
    text: str
    html: str


def check(step: Step) -> None:
    """Raise TemplateBroken for a template that could not be sent."""
    _parsed(step.subject, "subject")
    if "invoices" not in _parsed(step.body, "letter"):
        raise TemplateBroken(1, "the list of invoices is missing: put {{ invoices }} on a line of its own")


def write(step: Step, content: Content) -> Written:
    """Write the letter of a step; raise TemplateBroken."""
    check(step)
    values = variables(content)
    subject = one_line(_rendered(step.subject, values | {"invoices": values["numbers"]}))
    body = _rendered(step.body, values)
    before, *rest = body.strip().split(HERE)
    text = as_text(content).join([before, *rest])
    html = as_html(content).join(paragraphs(part) for part in [before, *rest])
    return Written(subject[:SUBJECT_LIMIT], text + text_footer(content), page(html + html_footer(content)))


def _rendered(source: str, values: Mapping[str, object]) -> str:
    try:
        return _environment.from_string(source).render(values)
    except TypeError:
        raise TemplateBroken(1, "two things are compared that cannot be compared") from None


def variables(content: Content) -> dict[str, object]:
    oldest = min(invoice.due_on for invoice in content.invoices)
    return {
        "customer": plain(content.customer),
        "invoices": HERE,
        "numbers": listed([plain(invoice.number) or "your invoice" for invoice in content.invoices]),
        "count": len(content.invoices),
        "total": listed([money(amount, currency) for currency, amount in totals(content.invoices)]),
        "oldest_due": said(oldest),
        "days_overdue": max((content.today - oldest).days, 0),
        "sender": plain(content.sender),
        "organisation": plain(content.organisation),
    }


def _parsed(source: str, where: str) -> set[str]:
    """Return the variables a template uses; raise TemplateBroken."""
    try:
        tree = _environment.parse(source)
    except TemplateSyntaxError as wrong:
        raise TemplateBroken(wrong.lineno, (wrong.message or "it cannot be read").rstrip(".")) from None
    except RecursionError:
        raise TemplateBroken(1, TOO_DEEP) from None
    used = set()
    waiting: list[tuple[int, nodes.Node]] = [(0, tree)]
    while waiting:
        depth, node = waiting.pop()
        waiting += [(depth + 1, child) for child in node.iter_child_nodes()]
        if depth > DEEPEST:
            raise TemplateBroken(node.lineno, TOO_DEEP)
        if not isinstance(node, ALLOWED):
            raise TemplateBroken(node.lineno, f"a {where} can hold variables and {{% if %}}, nothing else")
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise TemplateBroken(node.lineno, f"there is no “{node.name}”; there are {listed(list(FILTERS))}")
        if isinstance(node, nodes.Name):
            if node.name not in VARIABLES:
                raise TemplateBroken(
                    node.lineno, f"there is no {{{{ {node.name} }}}}; there are {', '.join(VARIABLES)}"
                )
            used.add(node.name)
    return used


def totals(invoices: Sequence[Owed]) -> list[tuple[str, Decimal]]:
    """What is owed in each currency, never summed across them."""
    found: dict[str, Decimal] = {}
    for invoice in invoices:
        found[invoice.currency] = found.get(invoice.currency, Decimal(0)) + invoice.due
    return sorted(found.items())


def as_text(content: Content) -> str:
    lines = []
    for invoice in content.invoices:
        due = "" if content.paid else f", due {said(invoice.due_on)}"
        lines.append(f"{named(invoice)}: {rest_of(invoice)}{due}")
        if web_address(invoice.pay_link):
            lines.append(f"  View and pay: {invoice.pay_link}")
    if len(content.invoices) > 1:
        lines += [f"Total: {money(amount, currency)}" for currency, amount in totals(content.invoices)]
    return "\n".join(lines)


def as_html(content: Content) -> str:
    """A table that fits a phone: the link stands below its invoice, and no amount or date is torn apart."""
    titles = ["Invoice", "Amount"] if content.paid else ["Invoice", "Due", "Amount"]
    rows = ["".join(cell(title, "th", last=title == "Amount") for title in titles)]
    for invoice in content.invoices:
        due = "" if content.paid else cell(said(invoice.due_on))
        link = f'<br><a href="{escape(invoice.pay_link)}">View and pay</a>' if web_address(invoice.pay_link) else ""
        rows.append(cell(named(invoice), more=link) + due + cell(rest_of(invoice), last=True))
    if len(content.invoices) > 1:
        rows += [
            cell("Total", "th", span=len(titles) - 1) + cell(money(amount, currency), "th", last=True)
            for currency, amount in totals(content.invoices)
        ]
    lines = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table style="border-collapse:collapse;margin:12px 0">{lines}</table>'


def cell(text: str, kind: str = "td", *, more: str = "", last: bool = False, span: int = 1) -> str:
    """`text` is escaped, `more` is markup that follows it."""
    side, gap = ("end", "0") if last else ("start", "16px")
    style = f"padding:6px {gap} 6px 0;border-bottom:1px solid #ddd;vertical-align:top;text-align:{side}"
    style += ";white-space:nowrap" if len(text) <= SHORT else ""
    wide = f' colspan="{span}"' if span > 1 else ""
    return f'<{kind}{wide} style="{style}" dir="auto">{escape(text)}{more}</{kind}>'


def text_footer(content: Content) -> str:
    stop = f"{STOP} {content.unsubscribe}" if content.unsubscribe else ""
    said_last = "\n".join(line for line in ("" if content.paid else ALREADY_PAID, stop) if line)
    return f"\n\n-- \n{said_last}\n" if said_last else "\n"


def html_footer(content: Content) -> str:
    stop = (
        f'{STOP} <a href="{escape(content.unsubscribe)}">stop reminders</a>' if web_address(content.unsubscribe) else ""
    )
    said_last = "<br>".join(line for line in ("" if content.paid else ALREADY_PAID, stop) if line)
    return f'<p style="color:#666;font-size:13px;margin-top:24px">{said_last}</p>'


def page(inner: str) -> str:
    return (
        '<!doctype html><html><head><meta charset="utf-8"></head><body dir="auto" style="font-family:sans-serif;'
        f'font-size:15px;line-height:1.5;color:#222">{inner}</body></html>'
    )


def paragraphs(text: str) -> str:
    """Escaped text as HTML: an empty line ends a paragraph, a line break stays one."""
    parts = [part.strip("\n") for part in re.split(r"\n[ \t]*\n", text)]
    return "".join(f'<p dir="auto">{escape(part).replace(chr(10), "<br>")}</p>' for part in parts if part.strip())


def named(invoice: Owed) -> str:
    reference = f" ({plain(invoice.reference)})" if invoice.reference.strip() else ""
    return (plain(invoice.number) or "Invoice") + reference


def rest_of(invoice: Owed) -> str:
    part = f" of {money(invoice.total, invoice.currency)}" if invoice.due != invoice.total else ""
    return money(invoice.due, invoice.currency) + part


def said(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def plain(text: str) -> str:
    """One line without control characters, whatever somebody put into a name."""
    return one_line(text.replace(HERE, ""))


def one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def web_address(url: str) -> bool:
    return url.startswith(("https://", "http://"))
