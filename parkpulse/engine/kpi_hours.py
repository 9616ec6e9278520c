"""Readings of a data centre's meters become the hourly sums of its KPIs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import energy, indicators, kpi, segments
from analytics.segments import MEASURED, Segments
from parkpulse.model import freshness, instants, metrics
from parkpulse.store import kpis, rollups
from parkpulse.store.meter_hours import Amounts
from parkpulse.store.meters import FOREVER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.kpi import Formula, Sums
    from analytics.segments import BucketSums
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.meters import Meter, Tree
    from parkpulse.store.pool import Connection

MAX_POWER_KW = metrics.METRICS["active_power"].maximum / 1000.0
"""No register counts faster than the greatest plausible power."""
_WATER = {"water_potable", "water_other", "water_reuse"}
_RUN_HOURS = 1500
"""Most hours computed at once, to bound memory."""


class Site:
    """A data centre as its KPIs need it: usable meters and formulas.

    Parameters
    ----------
    tree
        The data centre; meters that measure neither energy nor power are left out.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.meters = [each for each in tree.meters if _is_energy(each)]
        roles = [each.role for each in self.meters]
        self.formulas: list[Formula] = kpi.formulas(roles) + indicators.formulas(roles)
        self.hourly = [each for each in self.formulas if each.source is None]
        self.series = np.array(sorted({m.series_id for m in self.meters}), np.int64)

    @property
    def fingerprint(self) -> str:
        """Tells another tree or other KPIs: all hours are to be computed again then."""
        meters = [meter._replace(id=0) for meter in self.meters]
        kept = [(each.kpi, each.category) for each in self.formulas]
        text = repr((self.tree.zone, self.tree.grid_region, sorted(meters), kept))
        return hashlib.sha256(text.encode()).hexdigest()

    def meter_ids(self, formula: Formula) -> list[int]:
        """Ids of the meters that a formula needs."""
        return [self.meters[index].id for index in formula.meters]


def _is_energy(meter: Meter) -> bool:
    metric = metrics.METRICS.get(meter.metric)
    if metric is None:
        return False
    if meter.kind == "gauge":
        return metric.unit == "W" and meter.role not in _WATER
    unit = "m3" if meter.role in _WATER else "kWh"
    return meter.kind in {"counter", "interval"} and metric.unit == unit


def _interval(meter: Meter) -> int:
    return meter.report_interval_s * instants.SECOND


def _hold(meter: Meter) -> int:
    return int(freshness.INTERVALS * _interval(meter))


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far around stretches of time each meter's readings matter. [us]."""

    low: Int64Array
    """Shape (meters, stretches)."""
    high: Int64Array

    def hull(self) -> tuple[Int64Array, Int64Array]:
        return self.low.min(axis=0), self.high.max(axis=0)


def _reach(conn: Connection, site: Site, start: Int64Array, end: Int64Array) -> _Reach:
    shape = (len(site.meters), len(start))
    low, high = np.empty(shape, np.int64), np.empty(shape, np.int64)
    registers = [i for i, m in enumerate(site.meters) if m.kind == "counter"]
    for row, meter in enumerate(site.meters):
        around = _hold(meter) if meter.kind == "gauge" else _interval(meter)
        low[row], high[row] = start - around, end + around
    series = np.array([site.meters[row].series_id for row in registers], np.int64)
    found = kpis.neighbours(
        conn,
        np.repeat(series, len(start)),
        np.tile(start, len(registers)),
        np.tile(end, len(registers)),
        energy.CONTEXT,
    )
    low[registers] = found["low"].reshape(len(registers), len(start))
    high[registers] = found["high"].reshape(len(registers), len(start)) + 1
    return _Reach(low, high)


def runs(hours: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Stretches [start, end) of hours that follow each other. [us]."""
    first = np.flatnonzero(np.diff(hours, prepend=-1) != instants.HOUR)
    last = np.append(first, len(hours))[1:] - 1
    return hours[first], hours[last] + instants.HOUR


def affected(conn: Connection, site: Site, hours: Int64Array) -> Int64Array:
    """Hours whose figures may depend on readings of the given hours.

    A register's reading changes the spans to its neighbours, which may be far; a hole
    of one meter decides whether another's gap is exact.

    Parameters
    ----------
    conn
        Open connection.
    site
        The data centre.
    hours : array, shape (n,)
        Starts of hours, sorted. [us since 1970 UTC]
    """
    low, high = _reach(conn, site, *runs(hours)).hull()
    first, last = low // instants.HOUR, -(-high // instants.HOUR)
    ranges = [np.arange(a, b) for a, b in zip(first, last, strict=True)]
    return np.unique(np.concatenate([hours // instants.HOUR, *ranges])) * instants.HOUR


class HourSums(NamedTuple):
    """Hours [us]: sums of each of the site's hourly formulas, and of each meter."""

    start: Int64Array
    sums: Sequence[Sums]
    own: Sequence[BucketSums]


def compute(conn: Connection, site: Site, hours: Int64Array) -> list[HourSums]:
    """Compute the given hours, sorted, by stretches of hours that follow each other."""
    width = _RUN_HOURS * instants.HOUR
    return [
        _run(conn, site, low, min(low + width, int(end)))
        for start, end in zip(*runs(hours), strict=True)
        for low in range(int(start), int(end), width)
    ]


def _run(conn: Connection, site: Site, start: int, end: int) -> HourSums:
    # The gaps that touch the run decide by all readings within them; these, in turn,
    # need their own context.
    hull = _reach(conn, site, np.array([start]), np.array([end])).hull()
    reach = _reach(conn, site, *hull)
    edges = np.arange(start, end + 1, instants.HOUR)
    meters = _meters(conn, site, reach)
    own = [segments.sums(each, edges) for each in meters]
    sums = [kpi.hourly(each, meters, own, edges) for each in site.hourly]
    return HourSums(edges[:-1], sums, own)


def amounts(site: Site, found: HourSums) -> Amounts:
    """Turn the sums of each meter alone into rows."""
    seconds = float(instants.SECOND)
    own = found.own
    return Amounts(
        [meter.id for meter in site.meters],
        found.start,
        np.stack([each.amount for each in own], axis=1),
        np.stack([each.estimated for each in own], axis=1),
        np.stack([each.covered / seconds for each in own], axis=1),
        np.stack([each.estimated_time / seconds for each in own], axis=1),
    )


def _meters(conn: Connection, site: Site, reach: _Reach) -> list[Segments]:
    low, high = reach.low[:, 0], reach.high[:, 0]
    found = []
    for row, meter in enumerate(site.meters):
        series = np.array([meter.series_id])
        got = rollups.readings(conn, series, low[row : row + 1], high[row : row + 1])
        found.append(_valid(meter, _segments(meter, got["ts"], got["value"])))
    return found


def _segments(meter: Meter, ts: Int64Array, value: FloatArray) -> Segments:
    if meter.kind == "counter":
        register = energy.Register(
            gap=_hold(meter),
            modulus=meter.modulus,
            max_rate=meter.max_power_kw or MAX_POWER_KW,
        )
        return energy.metered(ts, value, register)
    if meter.kind == "gauge":
        return energy.from_power(ts, value, _hold(meter))
    return energy.from_intervals(ts, value, _interval(meter))


def _valid(meter: Meter, found: Segments) -> Segments:
    """Cut to the meter's validity; outside of it the meter surely counts nothing."""
    start, end = meter.valid_from_us, meter.valid_to_us
    parts = [segments.clip(found, start, end)]
    if start > -FOREVER_US:
        parts.insert(0, _nothing(-FOREVER_US, start))
    if end < FOREVER_US:
        parts.append(_nothing(end, FOREVER_US))
    return segments.concatenate(parts) if len(parts) > 1 else found


def _nothing(start: int, end: int) -> Segments:
    return Segments(
        np.array([start]),
        np.array([end]),
        np.zeros(1),
        np.full(1, MEASURED, np.int8),
    )
