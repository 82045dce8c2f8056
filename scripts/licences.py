"""docs/licences.md: the terms of everything that `make run` installs, by what the packages say of themselves."""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from scripts.sbom import LOCK, pins

PAGE = Path(__file__).resolve().parent.parent / "docs" / "licences.md"
HEAD = """\
# Licences

Solido itself is under the MIT licence. What it needs to run, as pinned in `requirements/run.txt`, comes under these
terms, by what each package says of itself. Written by `python -m scripts.licences`; a test keeps it current.
`make sbom` prints a bill of materials (CycloneDX).

| package | version | licence |
|---|---|---|
"""
TRACES = """
## With traces

What the extra `otel` brings besides, as pinned in `requirements/otel.txt`.

| package | version | licence |
|---|---|---|
"""
SHORT = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD",
    "bsd license": "BSD",
    "bsd-3-clause license": "BSD-3-Clause",
    "gnu library or lesser general public license (lgpl)": "LGPL",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psf-2.0": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "dual license": "Apache-2.0 OR BSD-3-Clause",
}
"""Names that mean the same, by the short ones of SPDX where there is one."""
OF_OTHER_SYSTEMS = {"colorama": "BSD-3-Clause"}
"""Those that only some machines need, so that the page is the same wherever it is written."""


def licence_of(package: Distribution) -> str:
    """The newest way of saying it counts: an SPDX expression, then classifiers, then free text."""
    told = package.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    classified = [line.rsplit("::", 1)[1] for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    named = [short(each) for each in classified if each.strip() != "OSI Approved"]
    if named:
        return " / ".join(sorted(set(named)))
    return short(str(told.get("License") or "").splitlines()[0] if told.get("License") else "not said")


def short(name: str) -> str:
    return SHORT.get(name.strip().lower(), name.strip())


def row(pin: str) -> str:
    name, version = re.match(r"([^=\[]+)(?:\[[^]]*\])?==([^\s;]+)", pin).groups()  # type: ignore[union-attr]
    try:
        licence = OF_OTHER_SYSTEMS.get(name) or licence_of(distribution(name))
    except PackageNotFoundError:
        licence = "not said"
    return f"| {name} | {version} | {licence} |"


def page() -> str:
    usual = pins()
    besides = [pin for pin in pins(LOCK.with_name("otel.txt")) if pin not in usual]
    return HEAD + rows(usual) + TRACES + rows(besides)


def rows(pins: list[str]) -> str:
    return "".join(f"{row(pin)}\n" for pin in pins)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
