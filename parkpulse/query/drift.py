"""Whether the overhead of a data centre changed for good, and which meter says why."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import balance, drift, energy_edges
from parkpulse.model import instants
from parkpulse.model.outlook import Drift, DriftChange, PartShift
from parkpulse.model.periods import Calendar
from parkpulse.query import metered
from parkpulse.store import weather

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from analytics.arrays import BoolArray
    from parkpulse.model.outlook import DriftFinding, Part
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.query.metered import Metered
    from parkpulse.store.pool import Connection

WINDOW = timedelta(days=180)
"""How far back the daily search goes: what changed earlier is how things are now."""
_YEAR_HOURS = 8760.0
_LOADS: tuple[Part, ...] = ("cooling", "lighting", "other")


class _Overhead(NamedTuple):
    """A part of the overhead by meters; shape (n,). [kWh]."""

    part: Part
    devices: list[str]
    energy: FloatArray


def read(
    conn: Connection,
    data_centre_id: int,
    zone: str,
    period: tuple[datetime, datetime],
    now: datetime,
) -> Drift:
    """Look for a lasting change within a period.

    Parameters
    ----------
    conn
        Open connection.
    data_centre_id
        The data centre.
    zone
        Time zone of its park.
    period
        [start, end), at most 400 days.
    now
        The park's clock.

    Raises
    ------
    InvalidRequestError
        The period is empty or too long.
    """
    seen = _seen(conn, data_centre_id, zone, period, now)
    found, count = seen.found, len(seen.hours)
    change = _explained(seen) if count else None
    finding = None if change else _finding(count, found, seen.common, zone)
    return Drift(
        start=period[0],
        end=period[1],
        hours=count,
        elapsed_hours=found.elapsed,
        coverage=found.share(count),
        thermometer=seen.thermometer,
        change=change,
        finding=finding,
        silent=list(found.silent),
    )


class Rise(NamedTuple):
    """A lasting change without its reasons."""

    onset: date
    shift_kw: float


class Search(NamedTuple):
    """What a search found, and in how many hours."""

    hours: int
    thermometer: str | None
    rise: Rise | None


def search(conn: Connection, data_centre_id: int, zone: str, end: datetime) -> Search:
    """Look for a lasting change as the daily search does at the end of a day."""
    seen = _seen(conn, data_centre_id, zone, (end - WINDOW, end), end)
    found = drift.find(seen.hours, seen.overhead) if len(seen.hours) else None
    rise = Rise(date.fromordinal(found.onset), found.shift) if found else None
    return Search(len(seen.hours), seen.thermometer, rise)


class _Seen(NamedTuple):
    """The hours in which all is known; arrays of shape (n,) but `common`."""

    found: Metered
    common: BoolArray
    energy: FloatArray
    """Shape (n, meters). [kWh]"""
    hours: drift.Hours
    overhead: FloatArray
    thermometer: str | None


def _seen(
    conn: Connection,
    data_centre_id: int,
    zone: str,
    period: tuple[datetime, datetime],
    now: datetime,
) -> _Seen:
    start, end = period
    found = metered.read(conn, data_centre_id, start, end, now)
    thermometer = weather.thermometer(conn, data_centre_id)
    common = energy_edges.common(found.tree, found.hours)
    temperature = np.zeros(len(found.moments))
    if thermometer is not None:
        heard = weather.hourly(conn, thermometer, start, end)
        temperature, has_one = _aligned(found.moments, heard["hour"], heard["mean"])
        common = common & has_one
    last = balance.it_ends(found.tree)[1]
    if not last:
        common = np.zeros_like(common)
    energy = found.hours.amount[common]
    it = energy[:, last].sum(axis=1)
    day, hour_of_week = _days(found.moments[common], zone)
    signs = np.array([energy_edges.sign(role) for role in found.tree.roles])
    return _Seen(
        found,
        common,
        energy,
        drift.Hours(day, hour_of_week, it, temperature[common]),
        energy @ signs - it,
        thermometer.device if thermometer else None,
    )


def _aligned(
    moments: Int64Array, hour: Int64Array, mean: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Temperature of each of these hours, and whether there is one."""
    index = np.searchsorted(hour, moments)
    index = np.minimum(index, max(len(hour) - 1, 0))
    if not len(hour):
        return np.zeros(len(moments)), np.zeros(len(moments), np.bool_)
    has_one = hour[index] == moments
    return np.where(has_one, mean[index], 0.0), has_one


def _days(moments: Int64Array, zone: str) -> tuple[Int64Array, Int64Array]:
    """Civil day (ordinal) and hour of the week of each hour."""
    if not len(moments):
        return moments, moments
    calendar = Calendar(zone)
    edges = calendar.edges(int(moments[0]), int(moments[-1]) + instants.HOUR)
    index = np.searchsorted(edges, moments, side="right") - 1
    first = calendar.day_of(int(moments[0])).toordinal()
    hour = np.minimum((moments - edges[index]) // instants.HOUR, 23)
    day = first + index
    return day, (day % 7) * 24 + hour


def _finding(
    count: int, found: Metered, common: BoolArray, zone: str
) -> DriftFinding | None:
    if not count:
        return "no_common_hours"
    day, _ = _days(found.moments[common], zone)
    return "too_few_days" if len(np.unique(day)) < drift.LEAST_DAYS else None


def _explained(seen: _Seen) -> DriftChange | None:
    change = drift.find(seen.hours, seen.overhead)
    if change is None:
        return None
    parts = _parts(seen.found, seen.energy, seen.overhead)
    shifts = drift.explain(seen.hours, [each.energy for each in parts], change)
    order = np.argsort(-shifts * np.sign(change.shift), kind="stable")
    return DriftChange(
        onset=date.fromordinal(change.onset),
        shift_kw=change.shift,
        yearly_kwh=change.shift * _YEAR_HOURS,
        statistic=change.statistic,
        limit=drift.LIMIT,
        parts=[
            PartShift(parts[i].part, parts[i].devices, float(shifts[i])) for i in order
        ],
    )


def _parts(found: Metered, energy: FloatArray, overhead: FloatArray) -> list[_Overhead]:
    """Take the overhead apart by meters; what none explains is the last part."""
    tree = found.tree

    def of(part: Part, plus: Sequence[int], minus: Sequence[int] = ()) -> _Overhead:
        used = [*plus, *minus]
        amount = energy[:, list(plus)].sum(axis=1) - energy[:, list(minus)].sum(axis=1)
        return _Overhead(part, [found.rows[i].device for i in used], amount)

    parts = [of(role, [each]) for role in _LOADS for each in tree.of(role)]
    ups_in, ups_out = tree.of("ups_input"), tree.of("ups_output")
    if ups_in and ups_out:
        parts.append(of("ups", ups_in, ups_out))
    first, last = balance.it_ends(tree)
    if first != last:
        parts.append(of("distribution", first, last))
    explained = sum((each.energy for each in parts), np.zeros(len(energy)))
    parts.append(_Overhead("unattributed", [], overhead - explained))
    return parts
