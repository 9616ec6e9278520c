"""KPIs of all data centres together: sum over sum, and the EU's weighted mean."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from analytics import portfolio
from parkpulse.model.kpi import UNITS
from parkpulse.model.outlook import Group, Member, Portfolio
from parkpulse.model.registry import Name
from parkpulse.store import portfolio as store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from parkpulse.model.kpi import KpiName
    from parkpulse.model.packed import FloatArray
    from parkpulse.model.periods import Period
    from parkpulse.store.pool import Connection
    from parkpulse.store.portfolio import PortfolioRow

_LEAST_PUBLISHED = 3
_FACILITY_BELOW = ("ref", "ref_hourly", "erf")
"""KPIs whose denominator is E_DC."""


def read(
    conn: Connection, parks: Sequence[str], period: Period, at: datetime | None = None
) -> Portfolio:
    """Bring the data centres of these parks together.

    Parameters
    ----------
    conn
        Open connection.
    parks
        Codes.
    period
        Of which length.
    at
        Instant that the period holds; None takes the newest of each data centre.
    """
    rows = store.newest(conn, parks, period, at)
    facility = {_centre(row): _facility(row) for row in rows if row.kpi == "pue"}
    groups = [
        _group(key, _best(found), facility)
        for key, found in groupby(sorted(rows, key=_key), _key)
    ]
    return Portfolio(period, groups)


def _centre(row: PortfolioRow) -> tuple[str, str]:
    return row.park, row.data_centre


def _key(row: PortfolioRow) -> tuple[KpiName, int]:
    """Tell apart the categories of a WUE only: of a PUE they are other meters."""
    return row.kpi, row.category if row.kpi == "wue" else 0


def _best(rows: Iterable[PortfolioRow]) -> list[PortfolioRow]:
    """Of each data centre the highest category."""
    by_centre = {
        _centre(row): row for row in sorted(rows, key=lambda row: row.category)
    }
    return [by_centre[key] for key in sorted(by_centre)]


def _facility(row: PortfolioRow) -> float | None:
    """E_DC of the period as this row knows it. [kWh]."""
    if row.kpi == "pue":
        return row.numerator_kwh
    return row.denominator_kwh if row.kpi in _FACILITY_BELOW else None


def _numerator(row: PortfolioRow) -> float:
    """Return what the value is made of: emissions for a CUE, a share clipped."""
    return (row.value or 0.0) * row.denominator_kwh


def _group(
    key: tuple[KpiName, int],
    rows: Sequence[PortfolioRow],
    facility: dict[tuple[str, str], float | None],
) -> Group:
    kpi, category = key
    members = [
        _member(row, _facility(row) or facility.get(_centre(row))) for row in rows
    ]
    counted = [row for row in rows if row.value is not None]
    weights = [m.facility_kwh for m in members if m.value is not None]
    known = [each for each in weights if each is not None]
    mean = None
    if known and len(known) == len(weights):
        mean = portfolio.weighted_mean(
            _array(row.value for row in counted), _array(known)
        )
    ratio = portfolio.ratio_of_sums(
        _array(_numerator(row) for row in counted),
        _array(row.denominator_kwh for row in counted),
    )
    return Group(
        kpi=kpi,
        category=category or None,
        unit=UNITS.get(kpi, ("1", "kWh"))[0],
        members=members,
        counted=len(counted),
        ratio_of_sums=None if np.isnan(ratio) else ratio,
        weighted_mean=None if mean is None or np.isnan(mean) else mean,
        is_coincident=len({(row.start, row.end) for row in counted}) <= 1,
        is_publishable=len(counted) >= _LEAST_PUBLISHED,
    )


def _array(values: Iterable[float | None]) -> FloatArray:
    return np.array(list(values), np.float64)


def _member(row: PortfolioRow, facility_kwh: float | None) -> Member:
    return Member(
        park=row.park,
        data_centre=row.data_centre,
        name=Name(zh=row.name_zh, en=row.name_en),
        category=row.category,
        start=row.start,
        end=row.end,
        value=row.value,
        numerator_kwh=row.numerator_kwh,
        denominator_kwh=row.denominator_kwh,
        facility_kwh=facility_kwh,
        coverage=row.coverage,
        verdict=row.verdict,
        state=row.state,
        revision=row.revision,
    )
