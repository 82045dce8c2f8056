"""Pages that lead through the house lead to rooms that are there."""

import re
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from storage import (
    installation,
    models,
    reminder_models,
    slack_models,
    unapplied_models,
    webhook_models,
)

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [DOCS / name for name in ("architecture.md", "glossary.md", "security.md", "promises.md", "ops/backup.md")]
IN_THE_HOUSE = re.compile(r"`((?:bot|core|storage|sandbox|tests|scripts|docs|requirements)/[\w./-]*)`")
ANSWER = re.compile(r"^\| … [^|]+\| `([^`]+)` \| (`[^|]+`) \|$", re.MULTILINE)
NOUN = re.compile(r"^\| [^|]+ \| .+? \| ([^|]*) \| [^|]* \|$", re.MULTILINE)
PROMISE = re.compile(r"^\| .+ \| .+ \| (`.+`) \|$", re.MULTILINE)
TABLES = [installation, models, reminder_models, slack_models, unapplied_models, webhook_models]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path):
    missing = [path for path in IN_THE_HOUSE.findall(page.read_text(encoding="utf-8")) if not (ROOT / path).exists()]
    assert missing == []


def test_every_promise_is_shown_by_tests_that_are_there():
    page = (DOCS / "promises.md").read_text()
    head_and_rule = 2
    shown = PROMISE.findall(page)
    assert len(shown) == len(re.findall(r"^\|", page, re.MULTILINE)) - head_and_rule > 20
    targets = {f"make {name}" for name in re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}
    named = {name for cell in shown for name in re.findall(r"`([^`]+)`", cell)} - targets
    assert [name for name in named if not holds_tests(name)] == []


def holds_tests(name: str) -> bool:
    path = ROOT / name
    files = [path] if path.is_file() else path.rglob("test_*.py")
    return any(re.search(r"^(async )?def test_|^Test\w+ = ", file.read_text(), re.MULTILINE) for file in files)


def test_each_question_is_answered_by_the_file_that_it_names():
    answers = ANSWER.findall((DOCS / "architecture.md").read_text(encoding="utf-8"))
    assert len(answers) == 16
    asked = [(path, name) for path, names in answers for name in re.findall(r"`([^`]+)`", names)]
    assert len(asked) >= len(answers)
    assert [(path, name) for path, name in asked if not defines((ROOT / path).read_text(encoding="utf-8"), name)] == []


def defines(source: str, name: str) -> bool:
    """Whether something of this name is made here, not only used."""
    return bool(re.search(rf"(?:def|class) {name}\b|^\s*{name}\b.* = |\"{name}\"", source, re.MULTILINE))


def test_the_glossary_names_tables_and_columns_that_exist():
    assert TABLES
    named = {
        name for cell in NOUN.findall((DOCS / "glossary.md").read_text()) for name in re.findall(r"`([^`]+)`", cell)
    }
    tables = {table.name: set(table.c.keys()) for table in SQLModel.metadata.sorted_tables}
    there = set(tables) | {f"{table}.{column}" for table, columns in tables.items() for column in columns}
    assert named - there == set()
    assert len(named) > 20


def test_the_page_about_the_house_stays_short():
    assert len((DOCS / "architecture.md").read_text(encoding="utf-8").split()) < 1300
