"""docs/setup.md, walked as a new user would: its commands, its settings, its addresses, to the first sync."""

import json
import re
import shlex
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest

from bot.settings import Settings
from sandbox.xero import Organisation, demo_ledger
from tests.processes.installation import BOT_TOKEN, ROOT, SIGNING_SECRET, Installation, finished, python

PAGE = (ROOT / "docs" / "setup.md").read_text(encoding="utf-8")
ADDRESS = "https://solido.example.com"
APP_TOKEN = "xapp-an-app-token"
MOST_SECONDS = 120
"""What the walk itself may take; a person reads and clicks besides."""


class Walked(Installation):
    """Settings come from the page, in a `.env`; the environment only says where the emulations are."""

    def environment(self) -> dict[str, str]:
        own = {"PORT", "SLACK_API_URL", "XERO_LOGIN_URL", "XERO_IDENTITY_URL", "XERO_API_URL", "SOLIDO_LOG_FORMAT"}
        return {name: value for name, value in super().environment().items() if name in own}

    async def solido(self, command: str) -> str:
        """Run a command of the page; return what it prints."""
        process = await python("-m", "bot", *shlex.split(command)[1:], settings=self.environment(), folder=self.folder)
        code, said = await finished(process)
        assert code == 0, said
        return said

    def write_settings(self, values: dict[str, str]) -> None:
        (self.folder / ".env").write_text("\n".join(f"{name}={value}" for name, value in values.items()))


def commands() -> list[str]:
    """Every `solido …` of the page, in its order."""
    return [found.removeprefix(".venv/bin/") for found in re.findall(r"\.venv/bin/solido [a-z][^\n`]*", PAGE)]


def settings_of_page() -> list[str]:
    [block] = [block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "SLACK_BOT_TOKEN=" in block]
    return [line.partition("=")[0] for line in block.split()]


async def first_sync(it: Walked) -> Organisation:
    """Start, ask the doctor, connect, and wait for the first sync."""
    await it.start()
    said = await it.solido("solido doctor")
    assert "broken" not in said, said
    [organisation] = [one for one in it.xero.organisations if one.name == "Harbour Lane Ltd"]
    await it.connect(organisation)
    await it.until(lambda: any("First sync done" in post.text for post in it.slack.posts), within=MOST_SECONDS)
    return organisation


@pytest.fixture
async def walked(tmp_path: Path):
    it = Walked(f"sqlite:///{tmp_path}/var/solido.db", tmp_path)
    demo_ledger(it.xero)
    await it.open()
    try:
        yield it
    finally:
        await it.close()


async def test_from_nothing_to_the_first_sync(walked: Walked, record_property):
    began = monotonic()
    printed = next(command for command in commands() if "--url" in command)
    described = json.loads(await walked.solido(printed))
    asked_at = described["features"]["slash_commands"][0]["url"]
    assert asked_at.startswith(ADDRESS)
    walked.slack.request_url = walked.public + urlsplit(asked_at).path

    assert f"`{ADDRESS}/xero/callback`" in PAGE
    values = {
        "SOLIDO_PUBLIC_URL": walked.public,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "XERO_CLIENT_ID": "app",
        "XERO_CLIENT_SECRET": "s3cret",
    }
    assert list(values) == settings_of_page()
    walked.write_settings(values)
    await first_sync(walked)
    seconds = monotonic() - began
    record_property("seconds", round(seconds, 1))
    assert seconds < MOST_SECONDS
    assert walked.slack.refused == []


async def test_without_an_address(walked: Walked):
    described = json.loads(await walked.solido("solido manifest --socket"))
    assert described["settings"]["socket_mode_enabled"]
    await walked.slack.use_sockets(APP_TOKEN)
    walked.slack.request_url = "http://127.0.0.1:9/nobody"
    values = {
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "XERO_CLIENT_ID": "app",
        "XERO_CLIENT_SECRET": "s3cret",
    }
    walked.write_settings(values)
    await first_sync(walked)
    code, seconds, logged = await walked.terminate()
    assert code == 0, logged
    assert seconds < 10
    assert not [secret for secret in (APP_TOKEN, BOT_TOKEN, "ticket=") if secret in logged]


def test_the_page_names_what_there_is():
    known = {name.upper() for name in Settings.model_fields}
    named = set(re.findall(r"\b(?:SLACK|XERO|SOLIDO|SMTP|MAIL)_[A-Z_]+\b", PAGE))
    assert named <= known
    assert named >= set(settings_of_page())
    assert {command.split()[1] for command in commands()} == {"manifest", "serve", "doctor"}
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
