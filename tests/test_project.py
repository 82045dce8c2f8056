"""Promises of the repository itself: what is installed, what its files say."""

import importlib
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EMOJI = re.compile(r"[\s\"]:([a-z][a-z0-9_]+): ")
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
LOCK_LINE = re.compile(r"[\w.-]+(\[[\w,-]+\])?==[\w.!+-]+( ; [^/\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
MACHINE_PATH = re.compile(r"(?<![\w.}])/(?:home|Users|root|work|mnt|media)/\w|(?<!\w)[A-Z]:\\+Users\\")


@cache
def text_files() -> dict[str, str]:
    """Every text file git tracks or would, by its path from the root."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    texts = {}
    for name in filter(None, done.stdout.split("\0")):
        if (ROOT / name).is_file():
            content = (ROOT / name).read_bytes()
            if b"\0" not in content:
                texts[name] = content.decode("utf-8", errors="replace")
    return texts


def test_the_sandbox_can_show_every_emoji_of_the_product():
    shown = (ROOT / "sandbox/page/static/emoji.js").read_text()
    used = {name for path in (ROOT / "bot").rglob("*.py") for name in EMOJI.findall(path.read_text())}
    assert len(used) > 15
    assert [name for name in sorted(used) if f" {name}: " not in shown] == []


def test_httpx_is_the_only_http_client():
    """authlib and Starlette's test client switch to httpx2 by themselves as soon as it can be imported.

    Then `except httpx.HTTPError` no longer catches what authlib raises, and transports made for httpx are not used.
    """
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("httpx2")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_versions_and_digests_and_no_address_or_path(lock):
    odd = [line for line in lock.read_text().splitlines() if not LOCK_LINE.fullmatch(line)]
    assert not odd


def test_what_runs_is_what_was_tested():
    run, otel, dev, uv = (pins(name) for name in ("run", "otel", "dev", "uv"))
    assert run.items() <= otel.items() <= dev.items()
    assert uv.items() <= dev.items()


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    return dict(line.split(" ")[0].split("==") for line in lines if "==" in line and not line.startswith(" "))


def test_the_procfile_starts_one_role_a_line():
    assert (ROOT / "Procfile").read_text().splitlines() == [
        "release: solido migrate",
        "web: solido web",
        "worker: solido worker",
        "scheduler: solido scheduler",
    ]


def test_no_file_holds_a_path_of_someones_machine():
    found = [
        f"{name}:{number}"
        for name, text in text_files().items()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not found
