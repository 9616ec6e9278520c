"""What `GET /metrics` answers: figures of all processes, as Prometheus reads them."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from parkpulse import tls
from parkpulse.errors import ConfigError, StoreError
from parkpulse.store import figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from parkpulse.store.figures import Figure, Samples
    from parkpulse.store.pool import Database

REACHABLE = "parkpulse_database_reachable"
_DAY_S = 86_400
DURATION = "parkpulse_metrics_duration_seconds"
CERTIFICATE = "parkpulse_certificate_left_seconds"
CERTIFICATE_MEANING = "For how long a certificate of ours still holds."
MEANINGS = {
    REACHABLE: "1 if the database answers; without it only the API's own are told.",
    DURATION: "How long it took to read the figures from the database.",
}


class _Figures(Collector):
    def __init__(self, database: Database, certificates: Mapping[str, Path]) -> None:
        self._database = database
        self._certificates = certificates

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
        yield _left(self._certificates)
        for each in figures.FIGURES:
            if each.name in found:
                yield _family(each, found[each.name])


def _own(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, MEANINGS[name], value=value)


def _left(certificates: Mapping[str, Path]) -> Metric:
    family = GaugeMetricFamily(CERTIFICATE, CERTIFICATE_MEANING, labels=("use",))
    for use, path in certificates.items():
        with contextlib.suppress(ConfigError):
            family.add_metric([use], tls.days_left(path) * _DAY_S)
    return family


def _family(figure: Figure, samples: Samples) -> Metric:
    kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    family = kind(figure.name, figure.meaning, labels=figure.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


def registry(database: Database, certificates: Mapping[str, Path]) -> CollectorRegistry:
    """Make what is asked at each scrape, with our certificates by their use."""
    made = CollectorRegistry(auto_describe=False)
    ProcessCollector(namespace="parkpulse_api", registry=made)
    made.register(_Figures(database, certificates))
    return made
