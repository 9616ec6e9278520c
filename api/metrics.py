"""What `GET /metrics` answers: figures of all processes, as Prometheus reads them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from parkpulse.errors import StoreError
from parkpulse.store import figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.store.figures import Figure, Samples
    from parkpulse.store.pool import Database

REACHABLE = "parkpulse_database_reachable"
DURATION = "parkpulse_metrics_duration_seconds"
MEANINGS = {
    REACHABLE: "1 if the database answers; without it only the API's own are told.",
    DURATION: "How long it took to read the figures from the database.",
}


class _Figures(Collector):
    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def collect(self) -> Iterator[Metric]:
        began = time.monotonic()
        try:
            with self._database.transaction() as conn:
                found = figures.read(conn)
        except StoreError:
            found = {}
        yield _own(REACHABLE, float(bool(found)))
        yield _own(DURATION, time.monotonic() - began)
        for each in figures.FIGURES:
            if each.name in found:
                yield _family(each, found[each.name])


def _own(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, MEANINGS[name], value=value)


def _family(figure: Figure, samples: Samples) -> Metric:
    kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    family = kind(figure.name, figure.meaning, labels=figure.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


def registry(database: Database) -> CollectorRegistry:
    """Make what is asked at each scrape."""
    made = CollectorRegistry(auto_describe=False)
    ProcessCollector(namespace="parkpulse_api", registry=made)
    made.register(_Figures(database))
    return made
