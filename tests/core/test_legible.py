"""Text that comes from outside can be stored, on PostgreSQL too."""

import json

import pytest

from core.legible import legible, without_nul


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b'{"n":"a\\u0000b\\u0000"}', "a\ufffdb\ufffd"),
        (rb'{"n":"a\\u0000"}', "a\\u0000"),  # a backslash, and then these letters
        (rb'{"n":"a\\\u0000"}', "a\\\ufffd"),
        (b'{"n":"plain"}', "plain"),
    ],
)
def test_no_text_of_json_holds_what_postgresql_cannot_store(sent, kept):
    assert json.loads(without_nul(sent)) == {"n": kept}


def test_decoded_json_is_legible_however_deep():
    found = {"a\x00": ["b\x00", {"c": "\x00"}], "n": 1, "none": None, "fine": "d"}
    assert legible(found) == {"a\ufffd": ["b\ufffd", {"c": "\ufffd"}], "n": 1, "none": None, "fine": "d"}
