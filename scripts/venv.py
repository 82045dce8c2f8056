"""Make .venv hold what a lock says: `python3 scripts/venv.py run`, or `dev` (which holds all of `run` too).

Needs nothing but the standard library. Does nothing when nothing changed: .venv/installed.json remembers the digests of
what was put in. pip fetches uv (one pinned wheel) and uv the rest, several times faster; where uv cannot reach
the packages but pip can (a mirror known only to pip's configuration), pip does it all.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
PACKAGES = ("bot", "core", "storage", "sandbox")


def main(wanted: str) -> None:
    installed = read_stamp()
    locks = ["run", "dev"] if wanted == "dev" else ["run"]
    digests = {lock: digest((ROOT / "requirements" / f"{lock}.txt").read_text()) for lock in locks}
    project = digest((ROOT / "pyproject.toml").read_text(), *(p for p in PACKAGES if (ROOT / p).is_dir()), str(ROOT))
    new_lock = installed.get(wanted) != digests[wanted]
    if not new_lock and installed.get("project") == project:
        return
    print("Preparing .venv …", flush=True)
    STAMP.unlink(missing_ok=True)  # an installation cut short counts for nothing
    if not installed:
        make_venv()
    if new_lock:
        install("--require-hashes", "-r", f"requirements/{wanted}.txt")
        installed = {**installed, **digests}
    install("--no-deps", "--no-build-isolation", "-e", ".")
    STAMP.write_text(json.dumps({**installed, "project": project}, indent=1))


def read_stamp() -> dict[str, str]:
    """What .venv holds; nothing when it is missing, unfinished, or its Python is gone."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
        works = subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0
    except (OSError, ValueError):
        return {}
    return stamp if works else {}


def make_venv() -> None:
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(f"Python could not make a virtual environment (on Debian: apt install python3-venv). {done.stdout}")
    pip("--require-hashes", "-r", "requirements/uv.txt", check=False)  # without uv it is pip that does the work


def install(*what: str) -> None:
    uv = VENV / "bin" / "uv"
    if uv.exists():
        done = subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", PYTHON, *what], cwd=ROOT, capture_output=True
        )
        if done.returncode == 0:
            return
    pip("--no-compile", *what)


def pip(*what: str, check: bool = True) -> None:
    done = subprocess.run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", *what],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=None if check else subprocess.DEVNULL,
        stderr=None if check else subprocess.DEVNULL,
    )
    if check and done.returncode:
        sys.exit(f"Installing the pinned packages failed (pip said why above). To try again: make {sys.argv[1]}")


def digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


if __name__ == "__main__":
    main(sys.argv[1])
