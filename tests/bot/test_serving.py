"""Where the web process listens."""

import socket

import pytest

from bot.serving import listening
from bot.starting import CannotStart


def test_a_port_that_is_taken_is_said_in_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=f"127.0.0.1, {port}\\) cannot be listened at: Address already in use"):
            listening("127.0.0.1", port)


def test_a_port_that_is_free_is_listened_at():
    with listening("127.0.0.1", 0) as ours:
        assert ours.getsockname()[1]
