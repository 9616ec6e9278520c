"""Energy efficiency of a data centre by GB 40879: RM1, RM2 and their grades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics import gb40879
from parkpulse.model.outlook import Gb40879, GradeLimit, Rm1, Rm2
from parkpulse.query import kpis
from parkpulse.store import operating_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.kpi import Kpi, Verdict
    from parkpulse.model.outlook import OperatingPoint
    from parkpulse.query.catalogue import DataCentre
    from parkpulse.store.pool import Connection

EDITION = "GB 40879-2021"
_EDGE_RACKS = 100
"""The standard leaves out data centres of so many standard racks and fewer."""
_COVERAGE = 0.95
_YEAR_S = 364 * 86_400.0


def read(conn: Connection, centre: DataCentre) -> Gb40879:
    """Grade a data centre by its operating points and by its annual figures."""
    applies = centre.standard_racks > _EDGE_RACKS
    rows = [
        row
        for row in kpis.summary(conn, centre.id)
        if row.kpi == "pue" and row.period in {"year", "rolling_12_months"}
    ]
    return Gb40879(
        edition=EDITION,
        applies=applies,
        limits=[GradeLimit(*each) for each in gb40879.LIMITS],
        rm1=_rm1(operating_points.load(conn, centre.id)),
        rm2=[_rm2(row, applies=applies) for row in rows],
    )


def _rm1(points: Sequence[OperatingPoint]) -> Rm1:
    shown = list(points)
    if [each.point for each in points] != list(gb40879.POINTS):
        return Rm1(None, None, None, None, shown, "points_missing")
    share = np.array([each.time_share for each in points])
    total = np.array([each.total_kw for each in points])
    it = np.array([each.it_kw for each in points])
    if not gb40879.is_sound(total, it):
        return Rm1(None, None, None, None, shown, "total_below_it")
    try:
        value = gb40879.rm1(total, it, share)
    except ValueError:
        return Rm1(None, None, None, None, shown, "shares_do_not_sum")
    energy = gb40879.annual_energy(total, share)
    it_energy = gb40879.annual_energy(it, share)
    return Rm1(value, gb40879.grade(value), energy, it_energy, shown, None)


def _rm2(row: Kpi, *, applies: bool) -> Rm2:
    grade = gb40879.grade(row.value) if row.value is not None else None
    return Rm2(
        period=row.period,
        category=row.category,
        start=row.start,
        end=row.end,
        value=row.value,
        energy_kwh=row.numerator_kwh,
        it_energy_kwh=row.denominator_kwh,
        coverage=row.coverage,
        state=row.state,
        revision=row.revision,
        grade=grade,
        verdict=_verdict(row, grade, applies=applies),
    )


def _verdict(row: Kpi, grade: int | None, *, applies: bool) -> Verdict:
    if not applies:
        return "not applicable"
    if row.value is None or row.coverage < _COVERAGE:
        return "insufficient data"
    if row.elapsed_s < _YEAR_S:
        return "interim: below target" if grade else "interim: above target"
    return "compliant" if grade else "not compliant"
