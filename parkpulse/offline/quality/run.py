"""Runs the configured tests on the columns of a file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import qartod, rolling
from parkpulse.errors import ConfigError
from parkpulse.model import instants
from parkpulse.offline.quality import config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from analytics.qartod import Flags
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.offline.files import Table
    from parkpulse.offline.quality.config import Moment, Test, Tests


class Rows(NamedTuple):
    """Rows of one stream in order of time."""

    ts: Int64Array
    local: Int64Array
    """Wall clock of the zone as if it were UTC. [us since 1970]"""
    value: FloatArray


def flags(
    table: Table, streams: Mapping[str, Tests], zone: ZoneInfo, now: datetime
) -> dict[str, dict[str, Flags]]:
    """Flag the rows of each stream, in the order of the table.

    Parameters
    ----------
    table
        Rows of the file, in any order.
    streams
        Tests of each column.
    zone
        Zone of seasons, and of times in the configuration without a zone.
    now
        For the age of the rows.
    """
    order = np.argsort(table.ts, kind="stable")
    ts = table.ts[order]
    local = ts + _offsets(ts, zone)
    found = {}
    for name, tests in streams.items():
        rows = Rows(ts, local, table.columns[name][order])
        found[name] = {
            test: _unsorted(_run(rows, parameters, zone, now), order)
            for test, parameters in tests.items()
        }
        found[name]["aggregate"] = qartod.aggregate(list(found[name].values()))
    return found


def warnings(table: Table, streams: Mapping[str, Tests]) -> list[str]:
    """Tell of tests that cannot mean what their configuration says."""
    ts = np.sort(table.ts)
    step = np.median(np.diff(ts)) / instants.SECOND if len(ts) > 1 else 0.0
    return [
        f"{name}: flat_line_test: {limit:g} s is shorter than the interval of the rows"
        f" ({step:g} s), so that every row counts as flat"
        for name, tests in streams.items()
        for test in tests.values()
        if isinstance(test, config.FlatLine)
        for limit in (test.suspect_threshold, test.fail_threshold)
        if limit is not None and limit < step and test.tolerance > 0
    ]


def _unsorted(flag: Flags, order: Int64Array) -> Flags:
    found = np.empty_like(flag)
    found[order] = flag
    return found


def _run(rows: Rows, test: Test, zone: ZoneInfo, now: datetime) -> Flags:
    ts, value = rows.ts, rows.value
    match test:
        case config.GrossRange():
            fail = _span(test.fail_span) or (-np.inf, np.inf)
            return qartod.gross_range(value, fail, _span(test.suspect_span))
        case config.Spike():
            suspect, fail_at = _limits(test.suspect_threshold, test.fail_threshold)
            return qartod.spike(value, suspect, fail_at, method=test.method)
        case config.RateOfChange():
            suspect, fail_at = _limits(test.threshold, test.fail_threshold)
            return qartod.rate_of_change(ts, value, suspect, fail_at)
        case config.FlatLine():
            suspect, fail_at = _limits(test.suspect_threshold, test.fail_threshold)
            return qartod.flat_line(ts, value, suspect, fail_at, test.tolerance)
        case config.AttenuatedSignal():
            return _attenuated(rows, test)
        case _:
            return _by_time(rows, test, zone, now)


def _by_time(
    rows: Rows,
    test: config.Climatology | config.TimeGap | config.DataReception,
    zone: ZoneInfo,
    now: datetime,
) -> Flags:
    if isinstance(test, config.Climatology):
        return _climatology(rows, test, zone)
    if isinstance(test, config.TimeGap):
        found = qartod.gap(rows.ts, test.fail_span)
    else:
        at = now if test.from_time is None else _moment(test.from_time, zone)
        found = qartod.data_reception(rows.ts, test.fail_span, instants.to_us(at))
    found[np.isnan(rows.value)] = qartod.MISSING
    return found


def _attenuated(rows: Rows, test: config.AttenuatedSignal) -> Flags:
    suspect, fail = _limits(test.suspect_threshold, test.fail_threshold)
    minimum = test.min_obs or 1
    if test.min_period is not None and len(rows.ts) > 1:
        group = rolling.groups(np.zeros(1, np.int64), len(rows.ts))
        (step,) = rolling.median_step(rows.ts, group)
        minimum = int(test.min_period * instants.SECOND / step) if step else 1
    return qartod.attenuated_signal(
        rows.ts,
        rows.value,
        suspect,
        fail,
        period_s=test.test_period,
        minimum=minimum,
        check=test.check_type,
    )


def _climatology(rows: Rows, test: config.Climatology, zone: ZoneInfo) -> Flags:
    seasons = []
    for each in test.config:
        unit = "week" if each.period == "weekofyear" else each.period or "time"
        begin, end = (_place(at, unit, zone) for at in each.tspan)
        suspect = _ordered(each.vspan)
        seasons.append(
            qartod.Season(
                min(begin, end), max(begin, end), unit, suspect, _span(each.fspan)
            )
        )
    return qartod.climatology(rows.local, rows.value, seasons)


def _place(at: Moment, unit: str, zone: ZoneInfo) -> float:
    """Where a season begins or ends, in its unit; a time as its wall clock. [us]."""
    if unit != "time":
        return float(at)
    moment = _moment(at, zone).astimezone(zone)
    return instants.to_us(moment.replace(tzinfo=UTC))


def _moment(at: Moment, zone: ZoneInfo) -> datetime:
    """Time of the configuration; a number is epoch seconds."""
    if isinstance(at, int | float):
        return datetime.fromtimestamp(at, UTC)
    try:
        found = datetime.fromisoformat(at)
    except ValueError as error:
        message = f"{at!r} is not a time"
        raise ConfigError(message) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _offsets(ts: Int64Array, zone: ZoneInfo) -> Int64Array:
    """Tell what the zone's wall clock is ahead of UTC. [us]."""
    hour, which = np.unique(ts // (instants.HOUR // 4), return_inverse=True)
    offset = [
        _ahead(instants.from_us(int(each) * (instants.HOUR // 4)), zone)
        for each in hour
    ]
    found: Int64Array = np.array(offset, np.int64)[which]
    return found


def _ahead(moment: datetime, zone: ZoneInfo) -> int:
    wall = moment.astimezone(zone).replace(tzinfo=UTC)
    return instants.to_us(wall) - instants.to_us(moment)


def _limits(suspect: float | None, fail: float | None) -> tuple[float, float]:
    return (
        np.nan if suspect is None else suspect,
        np.nan if fail is None else fail,
    )


def _ordered(span: tuple[float, float]) -> tuple[float, float]:
    return min(span), max(span)


def _span(span: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if span is None else _ordered(span)
