"""A hundred thousand steps would print a million lines of log; only what is unexpected is shown there."""

import logging
import os
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def quiet_proofs() -> Iterator[None]:
    if os.environ.get("SOLIDO_PROVE") != "1":
        yield
        return
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.configure(**before)
