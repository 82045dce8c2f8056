"""A bill of materials (CycloneDX, JSON) of what `make run` installs, on standard output: `make sbom`.

uv writes it from a project's own lock; so a project is made of the lock we have, for as long as it takes.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "run.txt"
PIN = re.compile(r"^([A-Za-z0-9._-]+(?:\[[^]]+\])?==[^\s;\\]+(?:\s*;[^\\]+)?)", re.MULTILINE)
PROJECT = """\
[project]
name = "solido"
version = "{version}"
requires-python = ">=3.11"
dependencies = [
{pins}
]
"""


def pins(lock: Path = LOCK) -> list[str]:
    """Every line of the lock that names a package: `name==version`, with its marker if it has one."""
    return [found.strip() for found in PIN.findall(lock.read_text(encoding="utf-8"))]


def project(version: str) -> str:
    return PROJECT.format(version=version, pins=",\n".join(f"  {pin!r}" for pin in pins()))


def bill(version: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(project(version), encoding="utf-8")
        uv = [str(Path(sys.executable).with_name("uv")), "--quiet", "--directory", folder]
        subprocess.run([*uv, "lock"], check=True)
        export = ["export", "--preview-features", "sbom-export", "--format", "cyclonedx1.5", "--no-emit-project"]
        return subprocess.run([*uv, *export], check=True, stdout=subprocess.PIPE, text=True).stdout


def own_version() -> str:
    found = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1]


if __name__ == "__main__":
    print(bill(own_version()))
