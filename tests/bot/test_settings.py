"""Either one team's token or the keys with which teams install: what is missing is named."""

import pytest

from bot.settings import BadSettings, read_settings

NEEDED = {"SLACK_SIGNING_SECRET": "s", "XERO_CLIENT_ID": "x", "XERO_CLIENT_SECRET": "y"}
SLACK = ["SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in [*SLACK, "SLACK_APP_TOKEN"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "SLACK_BOT_TOKEN is missing, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET."),
        (["SLACK_CLIENT_ID"], "SLACK_CLIENT_SECRET is missing."),
        (["SLACK_CLIENT_SECRET"], "SLACK_CLIENT_ID is missing."),
        (SLACK, "Set SLACK_BOT_TOKEN, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET, but not both."),
    ],
)
def test_what_is_missing_or_too_much_is_said(monkeypatch, given, said):
    for name in given:
        monkeypatch.setenv(name, "value")
    with pytest.raises(BadSettings) as raised:
        read_settings()
    assert str(raised.value) == said


@pytest.mark.parametrize("given", [["SLACK_BOT_TOKEN"], ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"]])
def test_what_is_given_in_either_way_is_enough(monkeypatch, given):
    for name in given:
        monkeypatch.setenv(name, "value")
    read_settings()


def test_everything_wrong_is_named_together(monkeypatch):
    monkeypatch.delenv("XERO_CLIENT_ID")
    with pytest.raises(BadSettings) as raised:
        read_settings()
    assert str(raised.value).splitlines() == [
        "SLACK_BOT_TOKEN is missing, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET.",
        "XERO_CLIENT_ID is missing.",
    ]


def test_over_socket_mode_nothing_has_to_be_signed(monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "value")
    monkeypatch.delenv("SLACK_SIGNING_SECRET")
    with pytest.raises(BadSettings, match="SLACK_SIGNING_SECRET is missing"):
        read_settings()
    monkeypatch.setenv("SLACK_APP_TOKEN", "xoxb-another-kind")
    with pytest.raises(BadSettings, match="begins with xapp-") as raised:
        read_settings()
    assert "xoxb" not in str(raised.value)
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1-A-1")
    assert "xapp-1" not in repr(read_settings())


def test_a_folder_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "value")
    monkeypatch.delenv("SOLIDO_SECRET_KEYS", raising=False)
    (tmp_path / "taken").write_text("no folder")  # to root every folder is open
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/taken/solido.db")
    with pytest.raises(BadSettings, match=r"sealing key cannot be read or made at .*taken/solido.key \(file exists"):
        read_settings().vault()


def test_settings_that_cannot_be_read_are_said(tmp_path):
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSettings, match=r"\.env cannot be read by who runs Solido \(it is not text\)"):
        read_settings()
