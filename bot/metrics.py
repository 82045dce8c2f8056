"""`GET /metrics`: what this process has counted, and how the whole installation stands by its database."""

from collections.abc import Callable, Iterable, Mapping

import structlog
from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from core.clock import steady, utc_now
from core.figures import Figures, read
from core.incidents import Cause
from storage.database import Database
from storage.models import ConnectionState, RunState

log = structlog.get_logger()

GOOD_FOR = 5.0
"""Seconds. However often somebody asks, the database is asked no more often than this."""
ROLES = ("web", "worker", "scheduler")
UNFINISHED = (RunState.QUEUED, RunState.RUNNING)


class Metrics(Collector):
    """`stuck` names what of this process has come to a standstill, `limit` are the calls of a day and organisation."""

    def __init__(self, database: Database, stuck: Callable[[], list[str]], *, limit: int) -> None:
        self._database = database
        self._stuck = stuck
        self._limit = limit
        self._read_at: float | None = None
        self._figures: Figures | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)

    async def text(self) -> bytes:
        """In Prometheus' own format. While the database does not answer, what it would tell is left out."""
        if self._read_at is None or steady() - self._read_at >= GOOD_FOR:
            self._read_at = steady()
            self._figures = await self._read()
        return generate_latest() + generate_latest(self._registry)

    def forget(self) -> None:
        """Have the database asked again the next time, however soon that is."""
        self._read_at = None

    async def _read(self) -> Figures | None:
        try:
            return await read(self._database, limit=self._limit, now=utc_now())
        except (SQLAlchemyError, OSError) as error:
            log.warning("metrics.database", error=type(error).__name__)
            return None

    def collect(self) -> Iterable[Metric]:
        yield gauge("database_up", "Whether the database answers.", float(self._figures is not None))
        yield gauge("stuck", "Parts of this process that have come to a standstill.", len(self._stuck()))
        if self._figures is not None:
            yield from of_the_whole(self._figures)


def of_the_whole(it: Figures) -> Iterable[Metric]:
    yield gauges("processes", "Processes that are alive; one may have several roles.", "role", it.processes, ROLES)
    yield gauges("connections", "Connections to Xero organisations.", "state", it.connections, ConnectionState)
    yield gauges("incidents_open", "Troubles that are not over.", "cause", it.incidents, Cause)
    yield gauges("runs_unfinished", "Syncs that wait or go on.", "state", it.runs, UNFINISHED)
    yield gauge("syncs_overdue", "Organisations whose automatic sync should have begun.", it.overdue)
    yield gauge("sync_lateness_seconds", "How late the automatic sync is that waits longest.", it.lateness)
    yield gauge("outbox_waiting", "Notices that Slack should have by now.", it.outbox)
    yield gauge("outbox_oldest_seconds", "How long the oldest of them has waited.", it.outbox_age)
    yield gauge("letters_unsure", "Letters of which nobody knows whether they went.", it.unsure_letters)
    yield gauge("quota_below_reserve", "Organisations with only the reserve of today's calls left.", it.below_reserve)
    if it.lowest_quota is not None:
        yield gauge("quota_lowest_left", "The fewest calls that any organisation has left today.", it.lowest_quota)


def gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"solido_{name}", says, value=value)


def gauges(name: str, says: str, label: str, values: Mapping[str, int], known: Iterable[str]) -> Metric:
    """One for each word that is known, also where there is none of it."""
    family = GaugeMetricFamily(f"solido_{name}", says, labels=[label])
    for each in known:
        family.add_metric([str(each)], values.get(str(each), 0))
    return family
