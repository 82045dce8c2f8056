"""The product is told to stop in the middle of its work: it ends in order, and has nothing to complain of."""

import asyncio
import logging

import pytest
from structlog.testing import capture_logs

from sandbox.desk import Desk


async def test_what_is_being_told_to_slack_is_told_to_its_end(connected: Desk, caplog: pytest.LogCaptureFixture):
    slack, product = connected.slack, connected.solido
    said = len(slack.posts)
    slack.break_next("slow", method="chat.postMessage", seconds=1.0)
    with capture_logs() as logs, caplog.at_level(logging.ERROR):
        await slack.command("sync", user="admin", channel="finance")
        async with asyncio.timeout(10):
            while slack.faults:  # noqa: ASYNC110  # a call that began tells nobody
                await asyncio.sleep(0.02)
        assert len(slack.posts) == said
        await product.stop()
    assert len(slack.posts) == said + 1
    assert [line for line in logs if line["log_level"] in ("warning", "error", "critical")] == []
    assert [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR] == []
