"""Traces for those who want them: OpenTelemetry is an extra, and looked for only where a collector's address is set.

So bot/otel.py, which imports it, is imported by its name, from here, when it is wanted. An import statement would cost
everybody its memory, and those without the extra the start.
"""

import os
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import structlog

from bot.secret_files import environment
from bot.settings import Settings

log = structlog.get_logger()

EXTRA = "pip install 'solido[otel]'"
OURS = "OTEL_"


class Traces(Protocol):
    """Spans on their way to a collector."""

    def stop(self) -> None:
        """Hand over what there is. Takes seconds at most."""


def begin(settings: Settings, roles: Iterable[str]) -> Traces | None:
    """Have spans go to the collector of the settings; None where there is none. Nothing about traces keeps the program
    from starting."""
    if not settings.traced:
        return None
    if not has_extra():
        log.warning("traces.extra_missing", do=EXTRA)
        return None
    hand_over(settings)
    try:
        began: Traces = import_module("bot.otel").Traces(roles)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        # OpenTelemetry reads some thirty variables of its own.
        log.warning("traces.not_begun", error=type(error).__name__)
        return None
    return began


def taken(settings: Settings) -> bool:
    """Whether the collector takes spans; it is handed none. Blocks for seconds at most. With the extra only."""
    hand_over(settings)
    try:
        return bool(import_module("bot.otel").taken())
    except (ImportError, OSError, RuntimeError, ValueError):
        return False


def has_extra() -> bool:
    """Whether OpenTelemetry is there; it is not imported by looking."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def hand_over(settings: Settings) -> None:
    """OpenTelemetry reads its variables from the environment alone: put there what `.env` and files say."""
    os.environ.update({name: value for name, value in environment().items() if name.startswith(OURS)})
    if headers := settings.otel_exporter_otlp_headers.get_secret_value():
        os.environ["OTEL_EXPORTER_OTLP_HEADERS"] = headers
