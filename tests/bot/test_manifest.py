"""The manifest is one that Slack takes, asks for no more than is used, and is explained."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.__main__ import app
from bot.commands import COMMANDS
from bot.manifest import addresses, manifest, problems
from bot.scopes import EVENTS, MAY_BE_LEFT_OUT, SCOPES

ROOT = Path(__file__).resolve().parents[2]
HTTPS = "https://solido.example.com"
NEEDS = {
    "commands": "/solido",
    "chat:write": "chat_postMessage",
    "chat:write.public": "chat_postMessage",
    "files:write": "files_upload_v2",
    "users:read": "users_info",
    "channels:read": "conversations_members",
    "groups:read": "conversations_info",
}
"""Each scope and what in the product needs it."""


@pytest.mark.parametrize("socket_mode", [False, True])
@pytest.mark.parametrize("many_teams", [False, True])
def test_slack_would_take_the_manifest(many_teams, socket_mode):
    assert list(problems(manifest(HTTPS, many_teams=many_teams, socket_mode=socket_mode))) == []


def test_for_socket_mode_it_names_no_address_of_ours():
    described = manifest("", many_teams=False, socket_mode=True)
    assert list(addresses(described)) == []
    assert "url" not in json.dumps(described)
    assert described["settings"]["socket_mode_enabled"]
    assert described["settings"]["interactivity"] == {"is_enabled": True}
    plain = manifest(HTTPS, many_teams=False)
    assert described["settings"]["event_subscriptions"]["bot_events"] == sorted(EVENTS)
    assert described["oauth_config"] == plain["oauth_config"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m["oauth_config"]["scopes"]["bot"].append("bogus:scope"), "no bot scope bogus:scope"),
        (lambda m: m["settings"]["event_subscriptions"]["bot_events"].append("app_gone"), "no event app_gone"),
        (lambda m: m["display_information"].update(name="x" * 36), "display_information.name has 36 characters"),
        (lambda m: m["display_information"].update(long_description="short"), "fewer than 175"),
        (lambda m: m["features"]["slash_commands"][0].update(command="/" + "x" * 32), "command has 33 characters"),
        (lambda m: m["settings"]["interactivity"].update(request_url="http://x"), "does not begin with https://"),
    ],
)
def test_what_slack_would_not_take_is_said(change, said):
    described = manifest(HTTPS, many_teams=True)
    change(described)
    assert any(said in problem for problem in problems(described))


def test_every_scope_is_used_and_none_is_more_than_needed():
    code = "\n".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    assert set(NEEDS) == set(SCOPES)
    assert all(used in code for used in NEEDS.values())
    assert set(SCOPES) >= MAY_BE_LEFT_OUT
    assert not [scope for scope in SCOPES if "history" in scope or scope.endswith(("email", "customize", "join"))]


def test_every_event_that_is_asked_for_is_heard():
    heard = "".join((ROOT / "bot" / name).read_text() for name in ("events.py", "home.py"))
    assert all(f'"{event}"' in heard for event in EVENTS)


def test_the_hint_names_commands_that_exist():
    hint = manifest(HTTPS, many_teams=False)["features"]["slash_commands"][0]["usage_hint"]
    assert set(re.findall(r"\w+", hint)) <= set(COMMANDS)


def test_each_scope_and_event_is_explained_in_the_docs():
    page = (ROOT / "docs" / "slack.md").read_text()
    missing = [name for name in (*SCOPES, *EVENTS) if f"`{name}`" not in page]
    assert missing == []
    assert all(why in page for why in (*SCOPES.values(), *EVENTS.values()))


def run(*words: str, **env: str) -> Result:
    """`solido manifest`, with nothing set but this."""
    unset = {name: None for name in os.environ if name.startswith(("SLACK", "XERO", "SOLIDO"))}
    return CliRunner().invoke(app, ["manifest", *words], env=unset | env)


@pytest.mark.slow
def test_it_is_printed_before_anything_else_is_set():
    env = {"SOLIDO_PUBLIC_URL": f"{HTTPS}/", "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-m", "bot", "manifest"], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == manifest(HTTPS, many_teams=False)


def test_for_many_teams_it_says_where_slack_sends_browsers_back_to():
    printed = json.loads(run("--many-teams", "--url", HTTPS).stdout)
    assert printed["oauth_config"]["redirect_urls"] == [f"{HTTPS}/slack/oauth_redirect"]
    assert printed["settings"]["token_rotation_enabled"]


@pytest.mark.parametrize(("words", "env"), [(["--socket"], {}), ([], {"SLACK_APP_TOKEN": "xapp-1"})])
def test_for_socket_mode_it_is_printed_without_an_address(words, env):
    assert json.loads(run(*words, **env).stdout) == manifest("", many_teams=False, socket_mode=True)


def test_without_an_address_that_slack_can_reach_it_says_so():
    done = run()
    assert done.exit_code == 2
    assert "SOLIDO_PUBLIC_URL" in done.stderr
    assert done.stdout == ""
