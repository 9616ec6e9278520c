"""Rain and water levels of a park at a moment: all that a storm view needs at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics import rain, water
from parkpulse.model import instants
from parkpulse.query import rainfall
from parkpulse.store import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from analytics.rain import Colour, RainClass
    from parkpulse.model.alert import Severity
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.model.registry import Name
    from parkpulse.query.catalogue import Device, Park, Series
    from parkpulse.query.limits import Limit, Limits
    from parkpulse.store.pool import Connection

RISE_WINDOW = water.SPANS[-1]
"""Readings of so long are needed to tell the rate of rise. [us]"""
_DAY = 24 * instants.HOUR
_RAIN = ("rainfall_total", "rainfall_interval")
_LEVELS = ("water_level", "waterlogging_depth", "sump_level", "relative_water_level")
_HOURS = (3, 6, 12, 24)


@dataclass(frozen=True, slots=True)
class WindowSum:
    """Rain in the window that ends at the moment; null without any reading in it."""

    window_min: int
    mm: float | None
    coverage: float


@dataclass(frozen=True, slots=True)
class GaugeRain:
    """Rain of one gauge.

    `colour` says that the station's own rain exceeds the threshold of a warning; the
    warning itself is issued by the meteorological office.
    """

    series: int
    device: str
    device_name: Name
    place: str | None
    ts: datetime | None
    stale: bool
    sums: Sequence[WindowSum]
    colour: Colour | None
    class_12h: RainClass | None
    class_24h: RainClass | None
    suspect: int
    """Intervals of the last 24 h that are not believable."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A level that a rule names, and when it will be reached at the present rate."""

    name: Name | None
    severity: Severity
    limit: float
    reached: bool
    hours: float | None
    earliest_h: float | None
    latest_h: float | None


@dataclass(frozen=True, slots=True)
class GaugeLevel:
    """Level of one gauge; rates in m/h with an interval of about 90 %."""

    series: int
    device: str
    device_name: Name
    place: str | None
    metric: str
    ts: datetime | None
    stale: bool
    level: float | None
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    stage: Stage | None
    """The highest that is reached."""
    stages: Sequence[Stage]


@dataclass(frozen=True, slots=True)
class _Readings:
    device: Device
    series: Series
    ts: Int64Array
    value: FloatArray
    at: int

    @property
    def newest(self) -> datetime | None:
        return instants.from_us(int(self.ts[-1])) if len(self.ts) else None

    @property
    def is_stale(self) -> bool:
        limit = self.at - self.series.freshness_s * instants.SECOND
        return not len(self.ts) or bool(self.ts[-1] < limit)


def rain_of(conn: Connection, park: Park, at: datetime) -> list[GaugeRain]:
    """Rain sums, colour and classes of every gauge of a park, by device."""
    read = _read(conn, park, instants.to_us(at), _DAY, lambda name: name in _RAIN)
    return [_gauge(each) for each in read]


def _gauge(of: _Readings) -> GaugeRain:
    fell = rainfall.increments(of.series, of.ts, of.value)
    at = np.array([of.at])
    sums = {
        minutes: rain.rolling(fell, at, minutes * instants.MINUTE)
        for minutes in rain.WINDOWS_MIN
    }
    known = {
        minutes: float(each.amount[0])
        for minutes, each in sums.items()
        if each.coverage[0] > 0
    }
    hours = {each: known[each * 60] for each in _HOURS if each * 60 in known}
    is_recent = fell.end > of.at - _DAY
    return GaugeRain(
        series=of.series.id,
        device=of.device.code,
        device_name=of.device.name,
        place=of.device.place,
        ts=of.newest,
        stale=of.is_stale,
        sums=[
            WindowSum(minutes, known.get(minutes), float(each.coverage[0]))
            for minutes, each in sums.items()
        ],
        colour=rain.colour(hours),
        class_12h=_class(hours, 12),
        class_24h=_class(hours, 24),
        suspect=int(np.count_nonzero(fell.is_suspect & is_recent)),
    )


def _class(sums: Mapping[int, float], hours: int) -> RainClass | None:
    return rain.rain_class(sums[hours], hours) if hours in sums else None


def levels_of(
    conn: Connection, park: Park, limits: Limits, at: datetime
) -> list[GaugeLevel]:
    """Level, rate of rise, stages and time to each, of every gauge, by device."""
    read = _read(
        conn,
        park,
        instants.to_us(at),
        RISE_WINDOW,
        lambda name: name.startswith(_LEVELS),
    )
    return [_level(each, limits.get(each.series.id, ())) for each in read]


def _level(of: _Readings, limits: Sequence[Limit]) -> GaugeLevel:
    within = of.ts > of.at - RISE_WINDOW
    rise = water.rise(of.ts[within], of.value[within])
    level = float(of.value[-1]) if len(of.value) else math.nan
    above = sorted(
        (each for each in limits if each.direction == "above"),
        key=lambda each: each.limit,
    )
    stages = [_stage(each, level, rise) for each in above]
    reached = [each for each in stages if each.reached]
    return GaugeLevel(
        series=of.series.id,
        device=of.device.code,
        device_name=of.device.name,
        place=of.device.place,
        metric=of.series.metric.name,
        ts=of.newest,
        stale=of.is_stale,
        level=_number(level),
        rate=_number(rise.rate),
        rate_low=_number(rise.low),
        rate_high=_number(rise.high),
        stage=reached[-1] if reached else None,
        stages=stages,
    )


def _stage(limit: Limit, level: float, rise: water.Rise) -> Stage:
    when = None if math.isnan(level) else water.arrival(level, limit.limit, rise)
    return Stage(
        name=limit.name,
        severity=limit.severity,
        limit=limit.limit,
        reached=level >= limit.limit,
        hours=None if when is None else _number(when.hours),
        earliest_h=None if when is None else _number(when.earliest),
        latest_h=None if when is None else _number(when.latest),
    )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _read(
    conn: Connection, park: Park, at: int, back: int, wanted: Callable[[str], bool]
) -> Iterator[_Readings]:
    """Read the wanted metrics in (at - back, at], and the one before."""
    entries = [
        (device, series)
        for device in park.devices
        for series in device.series
        if device.state != "retired" and wanted(series.metric.name)
    ]
    found = windows.spans(conn, [series.id for _, series in entries], at - back, at)
    for (device, series), (ts, value) in zip(entries, found, strict=True):
        yield _Readings(device, series, ts, value, at)
