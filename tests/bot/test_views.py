"""Whatever names, references and reasons say, what goes to Slack is harmless and within Slack's limits."""

import os
import re
import typing
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.advice import ADVICE
from bot.limits import fitted, fitted_view
from bot.rendering import render
from bot.views import connections, data, help, history, home, missed, status, support, syncs, troubles, why
from bot.views import settings as settings_views
from bot.views.blocks import Message, Modal, actions, button, context, escape, section, shortened
from core.agreement import Agreement, Sum
from core.dashboard import Dashboard, Planned
from core.errors import BadArgument, Choice, WhichWorkspace
from core.forgetting import Forgotten
from core.incidents import Cause, Ending, Happening
from core.notices import Amount, Books, Notice, Trouble
from core.preferences import RHYTHMS
from core.status import Status
from sandbox.slack import problems_of_message, problems_of_view
from storage.invoices import Age
from storage.mirror_models import SetAside
from storage.models import AuditEvent, Connection, ConnectionState, Incident, RunState, SyncRun, Trigger
from storage.runs import Figures, RunTotals
from storage.set_aside import FirstOf
from storage.slack_models import Preferences
from storage.unapplied import Rest
from tests.bot import sdk

NASTY = [
    "<!channel>",
    "<!here|all>",
    "<@U0ADMIN> pays",
    "<https://evil.example|your bank>",
    "https://evil.example/pay?a=1&b=2",
    "</section>",
    "&lt;!channel&gt;",
    "&amp;" * 1500,
    "*bold* _it_ ~no~ `code` ```block```",
    "x" * 10_000,
    "<" * 5_000,
    "👩‍👩‍👧‍👦" * 1_500,
    "שלום עולם",
    "مرحبا 123",
    "\u202egnp.exe",
    "\x00\x07\ud800",
    "line\nbreak\r\nand\ttab",
    "",
    " ",
    "*",
]
HOSTILE = st.sampled_from(NASTY) | st.text(max_size=200) | st.lists(st.sampled_from(NASTY), max_size=4).map(" ".join)
PEOPLE = st.sampled_from(["U0ADMIN", "U0MEMBER"])
CHANNELS = st.sampled_from(["C0FINANCE", "C0FINNZ"])
MOMENTS = st.integers(1_577_836_800, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
AMOUNTS = st.decimals(-(10**13), 10**13, places=4)
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "BHD"])
AMOUNT = st.builds(
    Amount,
    currency=CURRENCIES,
    invoices=st.integers(1, 10**6),
    amount=AMOUNTS,
    overdue_invoices=st.integers(0, 10**6),
    overdue_amount=AMOUNTS,
)
BOOKS = st.builds(Books, amounts=st.lists(AMOUNT, max_size=170), customers=st.integers(0, 10**6))
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "by": PEOPLE,
    "asked_by": PEOPLE,
    "snoozed_by": st.none() | PEOPLE,
    "taken_by": st.none() | PEOPLE,
    "ended_by": st.none() | PEOPLE,
    "decided_by": st.none() | PEOPLE,
    "answered_by": PEOPLE,
    "cause": st.sampled_from(list(Cause)).map(str),
    "ending": st.sampled_from(["", *Ending]).map(str),
    "what": st.sampled_from(list(Happening)).map(str),
    "currency": CURRENCIES,
    "credit": st.dictionaries(CURRENCIES, AMOUNTS, min_size=1),
    "channel_id": CHANNELS,
    "error": st.sampled_from([*sorted(ADVICE), "SomethingOfAnotherVersion"]),
    "trigger": st.sampled_from(list(Trigger)).map(str),
    "state": st.sampled_from([RunState.QUEUED, RunState.RUNNING, RunState.FAILED]).map(str),
}
"""Fields that are not free text; a new notice with more such fields names them here."""
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: HOSTILE,
    int: st.integers(0, 10**7),
    float: st.floats(0, 10**6),
    bool: st.booleans(),
    datetime: MOMENTS,
    Decimal: AMOUNTS,
    UUID: st.uuids(),
    Books: BOOKS,
    Amount: AMOUNT,
    date: st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    type(None): st.none(),
}
OURS = re.compile(r"!date\^\d+\^[^<>]*|@U0\w+|#C0\w+")
"""All that may stand between `<` and `>`."""
THOROUGH = settings(
    max_examples=200 if os.environ.get("SOLIDO_PROVE") else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink ten thousand characters takes minutes
)


def a(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type as a notice's fields name it."""
    if kind in BY_TYPE:
        return BY_TYPE[kind]
    if typing.get_origin(kind) in (list, tuple):
        return st.lists(a(typing.get_args(kind)[0]), max_size=60)
    if typing.get_origin(kind) is dict:
        return st.dictionaries(*map(a, typing.get_args(kind)), max_size=20)
    if typing.get_args(kind):
        return st.one_of([a(one) for one in typing.get_args(kind)])
    return struct(kind) if issubclass(kind, msgspec.Struct) else st.from_type(kind)


def struct(kind: Any) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: BY_NAME.get(name, a(hint)) for name, hint in hints.items()})


def texts(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """Every text in which Slack reads markup."""
    for block in blocks:
        parts = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
        yield from (part["text"] for part in parts if part and part.get("type") == "mrkdwn")


def must_be_harmless(*parts: str) -> None:
    for text in parts:
        between = re.findall(r"<([^<>]*)>", text)
        assert all(OURS.fullmatch(found) for found in between), between
        assert re.sub(r"<[^<>]*>", "", text).count("<") == 0
        text.encode()


def must_be_fine(message: Message) -> None:
    sent = fitted(message)
    assert problems_of_message(sent.blocks) == sdk.problems_of_blocks(sent.blocks) == []
    assert 0 < len(sent.text) <= 4000
    must_be_harmless(sent.text, *texts(sent.blocks))
    assert all(part["verbatim"] for block in sent.blocks for part in marked_up(block))


def marked_up(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    parts = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
    yield from (part for part in parts if part and part.get("type") == "mrkdwn")


@pytest.mark.parametrize("kind", typing.get_args(Notice), ids=lambda kind: kind.__name__)
def test_every_notice_is_harmless_and_within_the_limits(kind):
    @THOROUGH
    @given(struct(kind))
    def try_it(notice):
        must_be_fine(render(notice))

    try_it()


def row(model: Any, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Rows of a table; hypothesis cannot read SQLModel's own hints."""
    return st.fixed_dictionaries(columns).map(lambda values: model(**values))


CONNECTION = row(
    Connection,
    tenant_name=HOSTILE,
    state=st.sampled_from(list(ConnectionState)).map(str),
    connected_by=PEOPLE,
    connected_at=MOMENTS,
    disconnected_by=st.none() | PEOPLE,
    disconnected_at=st.none() | MOMENTS,
    last_success_at=st.none() | MOMENTS,
    last_attempt_at=st.none() | MOMENTS,
    next_sync_at=st.none() | MOMENTS,
)
RUN = row(
    SyncRun,
    trigger=BY_NAME["trigger"],
    state=st.sampled_from(list(RunState)).map(str),
    error=BY_NAME["error"],
    queued_at=MOMENTS,
    started_at=st.none() | MOMENTS,
    seconds=st.floats(0, 10**6),
    page=st.integers(0, 99),
    page_count=st.integers(0, 99),
)
STATUS = st.builds(
    Status,
    connection=CONNECTION,
    books=BOOKS,
    figures=st.builds(
        Figures, st.just(RunTotals(7, 5, 1)), st.integers(0, 5000), st.integers(0, 10**12), st.floats(0, 1000)
    ),
    runs=st.lists(RUN, max_size=10),
    advise=st.none() | BY_NAME["error"],
    agreement=st.none()
    | st.builds(
        Agreement,
        at=MOMENTS,
        agree=st.booleans(),
        ours=st.lists(st.builds(Sum, currency=CURRENCIES, invoices=st.integers(1, 999), amount=AMOUNTS), max_size=5),
        theirs=st.integers(0, 999),
        differing=st.lists(HOSTILE, max_size=5),
        more=st.integers(0, 9),
        unreadable=st.integers(0, 9),
    ),
    unapplied=st.lists(
        st.builds(Rest, st.uuids(), CURRENCIES, AMOUNTS),
        max_size=20,
    ),
    set_aside=st.builds(
        FirstOf,
        st.lists(row(SetAside, label=HOSTILE, record=HOSTILE, reason=HOSTILE), max_size=3),
        st.integers(3, 10**6),
    ),
    preferences=st.just(Preferences(mentions=[])),
)
INCIDENT = row(
    Incident,
    cause=BY_NAME["cause"],
    error=BY_NAME["error"],
    opened_at=MOMENTS,
    failures=st.integers(1, 999),
    taken_by=st.none() | PEOPLE,
    snoozed_by=st.none() | PEOPLE,
    snoozed_until=st.none() | MOMENTS,
)
AUDIT = row(
    AuditEvent, who=PEOPLE | st.just(""), at=MOMENTS, what=st.sampled_from([*history.DID, "new"]), detail=st.just("")
) | row(AuditEvent, who=PEOPLE, at=MOMENTS, what=st.just("connected"), detail=HOSTILE)
VIEWS = {
    "exported": st.builds(data.exported, HOSTILE),
    "gone": st.builds(
        data.gone,
        st.builds(
            Forgotten,
            HOSTILE,
            CHANNELS,
            st.dictionaries(st.sampled_from([*data.THINGS, "cursor", "hold"]), st.integers(1, 10**6)),
            st.booleans(),
        ),
    ),
    "why": st.builds(why.why, CONNECTION, st.none() | RUN, st.lists(INCIDENT, max_size=5)),
    "history": st.builds(history.history, st.lists(AUDIT, max_size=20)),
    "missed": st.builds(
        lambda told: missed.above(Message("x", [section("x")]), "C0FINANCE", [escape(one) for one in told]),
        st.lists(HOSTILE, max_size=60),
    ),
    "snoozed": st.builds(troubles.snoozed, HOSTILE, st.just("tomorrow")),
    "taken": st.builds(troubles.taken, HOSTILE),
    "over already": st.builds(troubles.over_already, HOSTILE),
    "status": st.builds(
        status.status, STATUS, daily_limit=st.integers(1, 5000), every=st.just(timedelta(minutes=15)), now=MOMENTS
    ),
    "already running": st.builds(syncs.already_running, HOSTILE, RUN),
    "asked": st.builds(syncs.asked, HOSTILE, CHANNELS, here=st.booleans()),
    "invitation": st.builds(
        connections.invitation,
        st.just("https://solido.example.com/xero/connect/abc"),
        CHANNELS,
        writes=st.booleans(),
        again=st.none() | HOSTILE,
        shared=st.booleans(),
    ),
    "already connected": st.builds(connections.already_connected, HOSTILE, PEOPLE, MOMENTS),
    "confirm disconnect": st.builds(connections.confirm_disconnect, HOSTILE, st.uuids().map(str), CHANNELS),
    "disconnecting": st.builds(connections.disconnecting, HOSTILE),
    "not understood": st.builds(
        lambda word: help.help_text({"sync": "syncs"}, above=help.not_understood(word, "sync")), HOSTILE
    ),
    "bad argument": st.builds(lambda said: help.refusal(BadArgument(said)), HOSTILE),
    "which workspace": st.builds(
        lambda names: help.refusal(
            WhichWorkspace([Choice(UUID(int=7), "C0FINANCE", n) for n in names]), command="sync"
        ),
        st.lists(HOSTILE, min_size=2, max_size=40),
    ),
}


@pytest.mark.parametrize("view", VIEWS)
def test_every_answer_is_harmless_and_within_the_limits(view):
    @THOROUGH
    @given(VIEWS[view])
    def try_it(message):
        must_be_fine(message)

    try_it()


TROUBLE = struct(Trouble).map(lambda it: msgspec.structs.replace(it, closed_at=None))
PLANNED = st.none() | st.builds(
    Planned,
    started=st.booleans(),
    paused=st.booleans(),
    letters=st.integers(0, 10**6),
    first_on=st.none() | st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    held=st.integers(0, 10**6),
)
PREFERENCES = row(
    Preferences,
    sync_every=st.none() | st.sampled_from(RHYTHMS),
    mentions=st.lists(PEOPLE, max_size=20, unique=True),
    quiet_from=st.sampled_from(["", "20:00"]),
    quiet_until=st.sampled_from(["", "07:00"]),
    digest=st.booleans(),
)
DASHBOARD = st.builds(
    Dashboard,
    workspace_id=st.uuids(),
    channel_id=CHANNELS,
    preferences=PREFERENCES,
    connection=st.none() | CONNECTION,
    troubles=st.lists(TROUBLE, max_size=4),
    runs=st.lists(RUN, max_size=30),
    books=BOOKS,
    ages=st.lists(
        st.builds(Age, CURRENCIES, st.sampled_from([0, 1, 31, 61, 91]), st.integers(1, 999), AMOUNTS), max_size=20
    ),
    planned=PLANNED,
    calls=st.integers(0, 5000),
)


@pytest.mark.slow
@THOROUGH
@given(st.lists(st.tuples(DASHBOARD, st.booleans()), max_size=12), MOMENTS)
def test_every_home_is_harmless_and_within_the_limits(shown, now):
    page = home.home(shown, daily_limit=1000, now=now)
    assert problems_of_view(page) == sdk.problems_of_view(page) == []
    must_be_harmless(*texts(page["blocks"]))


def test_ages_are_a_table_with_bars_that_a_phone_can_show():
    ages = [Age("EUR", 0, 3, Decimal("1200.00")), Age("EUR", 31, 1, Decimal("300.50"))]
    assert home.table(ages).split("\n") == [
        "Not yet due  1,200.00 ████████████",
        "1-30 days           -",
        "31-60 days     300.50 ███",
        "61-90 days          -",
        "Over 90 days        -",
    ]


DIALOGS = {
    "forget": st.builds(data.confirm, HOSTILE, private=st.uuids().map(str)),
    "settings": st.builds(
        settings_views.form,
        st.uuids().map(str),
        PREFERENCES,
        channel_id=CHANNELS,
        admins=st.sets(PEOPLE),
        organisation=HOSTILE.map(escape),
        usual=st.just(timedelta(minutes=15)),
    ),
    "form": st.builds(support.form, HOSTILE, private=st.uuids().map(str)),
    "to be sent": st.builds(support.to_be_sent, HOSTILE, private=st.uuids().map(str)),
    "to be copied": st.builds(support.to_be_copied, HOSTILE, address=st.sampled_from(["", "help@example.com"])),
}


@pytest.mark.parametrize("view", DIALOGS)
def test_every_dialog_is_within_the_limits(view):
    @THOROUGH
    @given(DIALOGS[view])
    def try_it(modal):
        view = fitted_view(modal).view()
        assert problems_of_view(view) == sdk.problems_of_view(view) == []

    try_it()


BLOCKS = st.lists(
    st.builds(section, HOSTILE.map(escape))
    | st.builds(context, HOSTILE.map(escape))
    | st.builds(lambda name: actions(button(name or "x", action="a")), HOSTILE),
    max_size=130,
)


@THOROUGH
@given(BLOCKS, HOSTILE)
def test_any_blocks_at_all_fit_into_a_message_and_a_dialog(blocks, text):
    sent = fitted(Message(escape(text), blocks, again="status 1"))
    assert problems_of_message(sent.blocks) == []
    assert len(sent.text) <= 4000
    assert problems_of_view(fitted_view(Modal("Solido", blocks)).view()) == []


def test_what_does_not_fit_is_offered_whole():
    message = fitted(Message("text", [section(f"line {n}") for n in range(80)], again="status 7"))
    assert len(message.blocks) == 50
    assert message.blocks[-1]["elements"][0]["action_id"] == "show_all"
    assert message.blocks[-1]["elements"][0]["value"] == "status 7"
    whole = fitted_view(Modal("Solido", [section(f"line {n}") for n in range(80)]))
    assert len(whole.blocks) == 80


def test_a_long_text_goes_on_in_further_blocks_and_nothing_of_it_is_lost():
    lines = [f"{n}: {'x' * 90}" for n in range(200)]
    sent = fitted(Message("text", [section("\n".join(lines))]))
    assert len(sent.blocks) == 7
    assert "\n".join(block["text"]["text"] for block in sent.blocks).split("\n") == lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 11, "a" * 9 + "…"),
        ("1234567&amp;", "1234567…"),
        ("123456<@U0ADMIN>", "123456…"),
        ("1234567890", "1234567890"),
    ],
)
def test_a_cut_leaves_no_half_of_anything(text, expected):
    assert shortened(text, 10) == expected


def test_text_that_runs_from_right_to_left_does_not_disturb_the_words_around_it():
    assert escape("שלום") == "\u2068שלום\u2069"
    assert escape("\u202egnp.exe") == "gnp.exe"
    assert escape("Müller & Søn") == "Müller &amp; Søn"
