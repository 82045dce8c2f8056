"""Where everything comes from that Solido runs with."""

import re

from scripts import licences, sbom

FINE = {
    *(
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
    ),
}
"""Terms under which anybody may use Solido and pass it on. A new one is looked at before it comes in here."""


def test_the_page_of_licences_is_current():
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page(), "run `python -m scripts.licences`"


def test_everything_comes_under_terms_that_were_looked_at():
    rows = re.findall(r"^\| ([^ ]+) \| [^|]+ \| ([^|]+) \|$", licences.page(), re.MULTILINE)
    assert len(rows) > 50
    strange = {
        name: terms for name, terms in rows if name != "package" and not set(re.split(r" (?:AND|OR|/) ", terms)) <= FINE
    }
    assert strange == {}


def test_the_bill_of_materials_is_made_of_every_pin():
    names = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", sbom.LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert [re.split(r"[=\[]", pin)[0] for pin in sbom.pins()] == names
    assert len(names) > 50
    assert sbom.own_version() in sbom.project(sbom.own_version())
