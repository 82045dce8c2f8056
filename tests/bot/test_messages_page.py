"""docs/messages.md shows all that people see, and each message says all of itself as plain text too."""

import importlib
import pkgutil
import re
import sys
import typing
from types import FrameType, ModuleType
from typing import Any

import pytest

from bot import views
from bot.advice import ADVICE
from bot.limits import fitted, fitted_view
from bot.views.blocks import Block, Message, Modal
from core.notices import Notice, Trouble
from sandbox.slack import problems_of_message, problems_of_view
from scripts import messages_page as script
from scripts.drawing import FENCE, markdown

ON_ANOTHER_PAGE = {"troubles.trouble"}
"""docs/alerts.md has it."""
BARS = re.compile(r"[▓░🟩🟥⬜]+")


@pytest.fixture(scope="module")
def shown() -> list[tuple[str, str, script.Shown]]:
    return script.shown()


def test_the_page_is_up_to_date():
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), "run `python scripts/messages_page.py`"


def modules() -> list[ModuleType]:
    return [importlib.import_module(f"bot.views.{found.name}") for found in pkgutil.iter_modules(views.__path__)]


def public_views() -> set[str]:
    """Every function of bot/views that makes a whole message, dialog or Home."""
    found = set()
    for module in modules():
        for name, member in vars(module).items():
            if name.startswith("_") or getattr(member, "__module__", "") != module.__name__ or isinstance(member, type):
                continue
            returned = typing.get_type_hints(member).get("return") if callable(member) else None
            if returned in (Message, Modal) or (module.__name__.endswith(".home") and returned == Block):
                found.add(f"{module.__name__.rpartition('.')[2]}.{name}")
    return found


def test_no_view_is_missing_from_it():
    called: set[str] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        package, _dot, module = str(frame.f_globals.get("__name__")).rpartition(".")
        if event == "call" and package == "bot.views":
            called.add(f"{module}.{frame.f_code.co_name}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        script.shown()
    finally:
        sys.setprofile(before)
    assert len(public_views()) > 50
    assert public_views() - called == ON_ANOTHER_PAGE


def test_every_notice_is_on_it():
    source = (script.ROOT / "scripts" / "messages_page.py").read_text()
    made = set(re.findall(r"notices\.(\w+)", source)) | {"SyncTold"}
    assert {kind.__name__ for kind in typing.get_args(Notice)} - made == {Trouble.__name__}


def test_everything_that_cannot_be_done_is_on_it():
    page = script.PAGE.read_text(encoding="utf-8")
    assert len(script.refusals()) > 10
    assert all(ADVICE[name].said in page for name, _why in script.refusals())


def words(text: str) -> set[str]:
    """What is said, without marks, moments and pictures made of characters."""
    plain = markdown(BARS.sub(" ", re.sub(r"<!date[^>]*>", " ", text))).replace("**", "")
    moments = re.sub(r"\d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC", " ", plain)
    return set(re.findall(r"[^\W_][\w.,'-]*[^\W_]|[^\W_]", moments.lower()))


def words_of(blocks: list[Block]) -> set[str]:
    """What stands between fences is a picture of what is said elsewhere."""
    said = [block["text"]["text"] for block in blocks if block["type"] in ("section", "header")]
    said += [part["text"] for block in blocks if block["type"] == "context" for part in block["elements"]]
    return set().union(*(words("".join(text.split(FENCE)[::2])) for text in said))


def test_each_message_says_all_of_itself_to_those_who_do_not_see_it(shown):
    lacking = {
        f"{chapter}: {when}": missing
        for chapter, when, it in shown
        if isinstance(it, Message) and (missing := words_of(it.blocks) - words(it.text))
    }
    assert lacking == {}


def test_slack_takes_all_of_it(shown):
    for _chapter, when, it in shown:
        match it:
            case Message():
                assert problems_of_message(fitted(it).blocks) == [], when
            case Modal():
                assert problems_of_view(fitted_view(it).view()) == [], when
            case _:
                assert problems_of_view(it) == [], when


def test_nobody_is_mentioned_at_large(shown):
    for _chapter, when, it in shown:
        if isinstance(it, Message):
            asked_for = "settings mention" in when
            assert asked_for or not re.search(r"<!(channel|here|everyone|subteam)", it.text + str(it.blocks)), when
