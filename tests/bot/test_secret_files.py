"""A secret may be in a file that the environment names."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.settings import SECRETS, BadSettings, Settings, read_settings

NEEDED = {"XERO_CLIENT_ID": "x", "XERO_CLIENT_SECRET": "y", "SLACK_BOT_TOKEN": "b", "SLACK_SIGNING_SECRET": "s"}


@pytest.fixture(autouse=True)
def enough(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def named(monkeypatch, folder: Path, name: str, content: bytes) -> None:
    monkeypatch.delenv(name, raising=False)
    path = folder / name.lower()
    path.write_bytes(content)
    monkeypatch.setenv(f"{name}_FILE", str(path))


def said() -> list[str]:
    with pytest.raises(BadSettings) as raised:
        read_settings()
    return str(raised.value).splitlines()


def test_every_secret_may_be_in_a_file():
    secret = {name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert set(SECRETS) == secret | {"DATABASE_URL"}


def test_what_the_file_says_counts_without_the_newline_at_its_end(monkeypatch, tmp_path):
    named(monkeypatch, tmp_path, "SLACK_SIGNING_SECRET", b" kept as it is \r\n")
    named(monkeypatch, tmp_path, "DATABASE_URL", b"postgresql://somebody:word@db/solido\n")
    settings = read_settings()
    assert settings.slack_signing_secret == SecretStr(" kept as it is ")
    assert settings.database_url == "postgresql://somebody:word@db/solido"
    assert "word" not in repr(settings)


def test_a_file_may_be_named_in_the_env_file_too(monkeypatch, tmp_path):
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    (tmp_path / "token").write_text("xoxb-1\n")
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN_FILE=token\n")
    assert read_settings().slack_bot_token == SecretStr("xoxb-1")


def test_a_secret_given_by_itself_and_in_a_file_is_refused(monkeypatch, tmp_path):
    named(monkeypatch, tmp_path, "SLACK_BOT_TOKEN", b"one")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "another")
    assert said() == ["Set SLACK_BOT_TOKEN or SLACK_BOT_TOKEN_FILE, but not both."]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\n", "the file is empty"),
        (b"\xff\xfe\x00", "it is not text"),
        (b"x" * 70_000, "it is far too long for a secret"),
    ],
)
def test_a_file_that_holds_no_secret_is_said_and_nothing_of_it_is_shown(monkeypatch, tmp_path, content, words):
    named(monkeypatch, tmp_path, "XERO_CLIENT_SECRET", content)
    [line] = said()
    assert line.startswith("XERO_CLIENT_SECRET_FILE: ")
    assert words in line
    assert "xxx" not in line


def test_files_that_are_not_there_are_named_with_all_else_that_is_wrong(monkeypatch, tmp_path):
    monkeypatch.delenv("XERO_CLIENT_ID")
    monkeypatch.delenv("SLACK_SIGNING_SECRET")
    monkeypatch.setenv("SLACK_SIGNING_SECRET_FILE", str(tmp_path / "nowhere"))
    assert said() == [
        "SLACK_SIGNING_SECRET_FILE: the file cannot be read (no such file or directory).",
        "XERO_CLIENT_ID is missing.",
    ]
