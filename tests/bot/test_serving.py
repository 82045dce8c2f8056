"""Where the web process listens, and what it does not look through again and again."""

import gc
import socket

import pytest

from bot.serving import leave_alone_what_is_loaded, listening
from bot.starting import CannotStart


def test_a_port_that_is_taken_is_said_in_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=f"127.0.0.1, {port}\\) cannot be listened at: Address already in use"):
            listening("127.0.0.1", port)


def test_a_port_that_is_free_is_listened_at():
    with listening("127.0.0.1", 0) as ours:
        assert ours.getsockname()[1]


def test_the_collector_passes_over_what_is_loaded_and_sees_what_comes_later():
    leave_alone_what_is_loaded()
    try:
        later: list[object] = []
        seen = gc.get_objects()
        assert gc.get_freeze_count() > len(seen)
        assert any(each is later for each in seen)
    finally:
        gc.unfreeze()
