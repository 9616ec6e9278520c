"""Sensors against one another: rain and level, neighbours, flood and power."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import links, rain
from parkpulse.model import freshness, instants
from parkpulse.query import rainfall
from parkpulse.store import windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.model.quality import TestName
    from parkpulse.store.pool import Connection
    from parkpulse.store.rules import WatchedSeries

RAIN = ("rainfall_total", "rainfall_interval")
LEVEL = ("water_level",)
DEPTH = ("waterlogging_depth",)
POWER = ("active_power",)
METRICS = (*RAIN, *LEVEL, *DEPTH, *POWER)
_RAIN_SPAN = 6 * instants.HOUR
"""Rain and the rise of a level are compared over so long. [us]"""
_NEIGHBOUR_SPAN = 24 * instants.HOUR
REACH = max(_RAIN_SPAN, _NEIGHBOUR_SPAN)
"""So long after a reading an hour's sums may still hold it. [us]"""
TESTS: tuple[TestName, ...] = (
    "link_rain_level",
    "link_neighbour",
    "link_flood_power",
)
_COVERED = 0.9
_UNDER_POWER = ("building", "machine_hall")
_KILO = 1000.0


class LinkFinding(NamedTuple):
    """A reading that does not fit what other sensors say."""

    series: int
    ts: int
    """The newest of its series. [us]"""
    test: TestName


class _Track(NamedTuple):
    """Readings of a series up to a moment."""

    of: WatchedSeries
    ts: Int64Array
    value: FloatArray

    def is_fresh(self, at: int) -> bool:
        limit = freshness.freshness_s(self.of.report_interval_s) * instants.SECOND
        return bool(len(self.ts)) and at - int(self.ts[-1]) <= limit

    def held(self, at: Int64Array) -> FloatArray:
        """Return the value that holds at each moment [us], 0 where none does."""
        if not len(self.ts):
            return np.zeros(len(at))
        limit = freshness.freshness_s(self.of.report_interval_s) * instants.SECOND
        last = np.searchsorted(self.ts, at, "right") - 1
        newest = np.maximum(last, 0)
        holds = (last >= 0) & (at - self.ts[newest] <= limit)
        return np.where(holds, self.value[newest], 0.0)


def hourly(
    conn: Connection, watched: Sequence[WatchedSeries], at: int
) -> list[LinkFinding]:
    """Compare the rain gauges and levels of one park in the hours before `at` [us]."""
    gauges = _read(conn, _of(watched, RAIN), at, _NEIGHBOUR_SPAN)
    gauges = [each for each in gauges if len(each.ts)]
    if not gauges:
        return []
    levels = _read(conn, _of(watched, LEVEL), at, _RAIN_SPAN)
    wet = {each.of.id: _fallen(each, at, _RAIN_SPAN) for each in gauges}
    found = []
    for level in levels:
        fallen = [wet[each.of.id] for each in _near(level.of, gauges)]
        if _disagrees(level, [each for each in fallen if not np.isnan(each)], at):
            found.append(_finding(level, "link_rain_level"))
    day = {each.of.id: _fallen(each, at, _NEIGHBOUR_SPAN) for each in gauges}
    for gauge in gauges:
        others = [mm for series, mm in day.items() if series != gauge.of.id]
        if links.neighbours(day[gauge.of.id], others) is not None:
            found.append(_finding(gauge, "link_neighbour"))
    return found


def now(
    conn: Connection, watched: Sequence[WatchedSeries], at: int
) -> list[LinkFinding]:
    """Find water where the power is on, in one park at a moment [us]."""
    found = []
    for depth, meters in _under_power(conn, watched, at, 0):
        if not depth.is_fresh(at):
            continue
        power = sum(
            float(each.value[-1]) / _KILO for each in meters if each.is_fresh(at)
        )
        if links.flood_and_power(float(depth.value[-1]), power) is not None:
            found.append(_finding(depth, "link_flood_power"))
    return found


def floods(
    conn: Connection, watched: Sequence[WatchedSeries], at: int
) -> list[LinkFinding]:
    """Find water where the power was on, in one park in the hour before `at` [us]."""
    found = []
    for depth, meters in _under_power(conn, watched, at, instants.HOUR):
        new = depth.ts > at - instants.HOUR
        power = np.zeros(int(new.sum()))
        for each in meters:
            power += each.held(depth.ts[new]) / _KILO
        found += [
            LinkFinding(depth.of.id, ts, "link_flood_power")
            for ts, deep, kw in zip(
                depth.ts[new].tolist(),
                depth.value[new].tolist(),
                power.tolist(),
                strict=True,
            )
            if links.flood_and_power(deep, kw) is not None
        ]
    return found


def _under_power(
    conn: Connection, watched: Sequence[WatchedSeries], at: int, back: int
) -> list[tuple[_Track, list[_Track]]]:
    """Read depths of water in (at - back, at], each with the power meters around it."""
    depths = [each for each in _of(watched, DEPTH) if _halls(each)]
    halls = {code for each in depths for code in _halls(each)}
    meters = [each for each in _of(watched, POWER) if halls.intersection(_halls(each))]
    if not depths or not meters:
        return []
    powers = _read(conn, meters, at, back)
    return [
        (depth, [each for each in powers if _share_a_hall(depth.of, each.of)])
        for depth in _read(conn, depths, at, back)
    ]


def _share_a_hall(one: WatchedSeries, other: WatchedSeries) -> bool:
    return not set(_halls(one)).isdisjoint(_halls(other))


def _of(
    watched: Iterable[WatchedSeries], metrics: tuple[str, ...]
) -> list[WatchedSeries]:
    return [each for each in watched if each.metric in metrics]


def _halls(series: WatchedSeries) -> list[str]:
    return [each.code for each in series.places if each.kind in _UNDER_POWER]


def _finding(track: _Track, test: TestName) -> LinkFinding:
    return LinkFinding(track.of.id, int(track.ts[-1]), test)


def _read(
    conn: Connection, series: Sequence[WatchedSeries], at: int, back: int
) -> list[_Track]:
    """Read (at - back, at] of each series, and the reading before."""
    if not series:
        return []
    found = windows.spans(conn, [each.id for each in series], at - back + 1, at)
    return [_Track(each, *span) for each, span in zip(series, found, strict=True)]


def _fallen(gauge: _Track, at: int, span: int) -> float:
    """Rain of a gauge in the span before a moment, NaN where it was not covered."""
    sums = rain.rolling(
        rainfall.increments(gauge.of, gauge.ts, gauge.value), np.array([at]), span
    )
    known = sums.coverage[0] >= _COVERED
    return float(sums.amount[0]) if known else float("nan")


def _near(level: WatchedSeries, gauges: Sequence[_Track]) -> Sequence[_Track]:
    """Gauges of the innermost place around a level that has any, else all."""
    for place in level.places:
        mine = [
            each
            for each in gauges
            if any(around.code == place.code for around in each.of.places)
        ]
        if mine:
            return mine
    return gauges


def _disagrees(level: _Track, fallen: Sequence[float], at: int) -> bool:
    """Judge a rise by the wettest gauge, and the lack of one by the driest."""
    if not fallen or not level.is_fresh(at):
        return False
    inside = level.ts > at - _RAIN_SPAN
    if not inside.any() or level.ts[inside][0] > at - _COVERED * _RAIN_SPAN:
        return False
    rise = float(level.value[inside][-1] - level.value[inside][0])
    dry = links.rain_and_level(max(fallen), rise)
    wet = links.rain_and_level(min(fallen), rise)
    return (dry is not None and dry.code == "rise_without_rain") or (
        wet is not None and wet.code == "rain_without_rise"
    )
