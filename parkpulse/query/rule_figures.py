"""Figures of data centres against rules: from periods and days to conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from analytics import balance, thresholds
from analytics.balance import SUPPLY, Hours
from parkpulse.model import instants
from parkpulse.model.definitions import KpiRule
from parkpulse.model.periods import Calendar
from parkpulse.query import metered, terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parkpulse.model.condition import Interval
    from parkpulse.model.definitions import BalanceRule
    from parkpulse.model.packed import Int64Array
    from parkpulse.query.metered import Metered
    from parkpulse.store.kpi_views import KpiRow
    from parkpulse.store.pool import Connection

_HOLD = 400 * instants.DAY


class Figure(NamedTuple):
    """A number that is known from a time on. [us]."""

    ts: int
    value: float


def figures(definition: KpiRule, rows: Sequence[KpiRow], zone: str) -> list[Figure]:
    """Return what a rule compares, one a closed period, at the period's end."""
    closed = [each for each in rows if each.state == "closed"]
    if definition.quantity == "coverage":
        return [Figure(_end(each), each.coverage) for each in closed]
    known = [each for each in closed if each.coverage >= definition.least_coverage]
    if definition.span == "year_to_date":
        return list(_to_date(known, zone))
    return [Figure(_end(each), each.value) for each in known if each.value is not None]


def _to_date(rows: Sequence[KpiRow], zone: str) -> Iterator[Figure]:
    """Yield ratios of the sums since 1 January."""
    year, numerator, denominator = 0, 0.0, 0.0
    for each in rows:
        mine = each.start.astimezone(ZoneInfo(zone)).year
        if mine != year:
            year, numerator, denominator = mine, 0.0, 0.0
        numerator += each.numerator_kwh
        denominator += each.denominator_kwh
        if denominator > 0:
            yield Figure(_end(each), numerator / denominator)


def _end(row: KpiRow) -> int:
    return instants.to_us(row.end)


def intervals(
    definition: KpiRule | BalanceRule,
    found: Sequence[Figure],
    since: int = thresholds.NEVER,
    active: Interval | None = None,
) -> list[Interval]:
    """Return when the condition held.

    Parameters
    ----------
    definition
        The rule.
    found
        Its figures, by time; those before `since` only count for what follows.
    since
        From when on conditions are wanted. [us]
    active
        The condition that held before that.
    """
    limits = _limits(definition)
    ts = np.array([each.ts for each in found], np.int64)
    value = np.array([each.value for each in found], np.float64)
    row = np.zeros(len(found), np.int64)
    before, after = ts < since, ts >= since
    state = thresholds.resume(
        limits, _state(definition, active), row[before], ts[before], value[before]
    )
    _, transitions = thresholds.advance(
        limits, state, row[after], ts[after], value[after]
    )
    return terms.computed(active, transitions, definition)


def _state(
    definition: KpiRule | BalanceRule, active: Interval | None
) -> thresholds.Structured:
    state = thresholds.initial(1)
    if active is not None:
        severities = [each.severity for each in definition.levels]
        level = definition.level(active.severity).severity
        state["level"] = severities.index(level) + 1
        state["onset"], state["raised"] = active.onset, active.raised
    return state


def _limits(definition: KpiRule | BalanceRule) -> thresholds.Limits:
    sign = 1.0 if definition.direction == "above" else -1.0
    limit = np.array([[sign * each.limit for each in definition.levels]])
    if isinstance(definition, KpiRule) and definition.inclusive:
        limit = np.nextafter(limit, -np.inf)
    none = np.zeros(1, np.int64)
    return thresholds.Limits(
        sign=np.array([sign]),
        limit=limit,
        deadband=np.array([definition.deadband]),
        on_delay=none,
        off_delay=none,
        hold=none + _HOLD,
        on_samples=none + definition.on_samples,
        off_samples=none + definition.off_samples,
    )


def shares(
    conn: Connection,
    definition: BalanceRule,
    centre: tuple[int, str],
    span: tuple[int, int],
    now: int,
) -> dict[str, list[Figure]]:
    """Compute what is lost or in excess of each parent, day by day.

    Parameters
    ----------
    conn
        Open connection.
    definition
        The rule.
    centre
        Id of the data centre, and the zone of its park.
    span
        Whole civil days. [us]
    now
        The park's clock. [us]

    Returns
    -------
    dict
        By parent meter, one figure a day that is covered enough.
    """
    data_centre_id, zone = centre
    start, end = span
    read = metered.read(
        conn,
        data_centre_id,
        instants.from_us(start),
        instants.from_us(end),
        instants.from_us(now),
    )
    edges = Calendar(zone).edges(start, end)
    sign = 1.0 if definition.measure == "loss" else -1.0
    found: dict[str, list[Figure]] = {}
    for opens, closes in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        for each in balance.check(read.tree, _hours(read, opens, closes)):
            parent = _parent(read, each.parent)
            known = each.hours * instants.HOUR / (closes - opens)
            if not _is_wanted(definition, read, each.parent) or not each.parent_kwh:
                continue
            figures = found.setdefault(parent, [])
            if known >= definition.least_coverage:
                share = sign * each.difference_kwh / abs(each.parent_kwh)
                figures.append(Figure(closes, share))
    return found


def _hours(read: Metered, opens: int, closes: int) -> Hours:
    moments: Int64Array = read.moments
    mine = slice(*np.searchsorted(moments, [opens, closes]).tolist())
    hours = read.hours
    return Hours(hours.amount[mine], hours.estimated[mine], hours.known[mine])


def _parent(read: Metered, parent: int) -> str:
    return "supply" if parent == SUPPLY else read.rows[parent].device


def _is_wanted(definition: BalanceRule, read: Metered, parent: int) -> bool:
    role = "supply" if parent == SUPPLY else read.rows[parent].role
    return definition.roles is None or role in definition.roles
