"""The designed PUE (dPUE) beside what was measured in the same months."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parkpulse.model import instants
from parkpulse.model.outlook import DesignedMonth, DesignedPue
from parkpulse.model.periods import Calendar
from parkpulse.store import design, kpi_history

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.store.columns import Columns
    from parkpulse.store.design import DesignMonth
    from parkpulse.store.pool import Connection

_MONTHS = 12
_COVERAGE = 0.95


def read(
    conn: Connection, data_centre_id: int, zone: str, now: datetime
) -> DesignedPue:
    """Compare the design with the newest closed month of each name."""
    months = design.load(conn, data_centre_id)
    category = max(kpi_history.categories(conn, data_centre_id, "pue"), default=None)
    start = now.replace(year=now.year - 1, month=1, day=1)
    rows = kpi_history.energies(
        conn, data_centre_id, ("pue", category or 0, "month"), start, now
    )
    measured = _measured(rows, Calendar(zone), instants.to_us(now))
    shown = [_month(each, measured.get(each.month)) for each in months]
    facility = sum(each.facility_kwh for each in months)
    it = sum(each.it_kwh for each in months)
    return DesignedPue(
        # A model of some months predicts no year.
        value=facility / it if len(months) == _MONTHS else None,
        facility_kwh=facility,
        it_kwh=it,
        it_load_kw=months[0].it_load_kw if months else None,
        source=months[0].source if months else None,
        category=category,
        months=shown,
        difference=_difference(shown),
    )


def _measured(
    rows: Columns, calendar: Calendar, now: int
) -> dict[int, tuple[int, float, float, float]]:
    """Start, E_DC, E_IT and coverage of the newest closed month of each name."""
    columns = (rows[name].tolist() for name in ("start", "numerator", "denominator"))
    shares = (rows["known_s"] / np.maximum(rows["elapsed_s"], 1.0)).tolist()
    found = {}
    for start, facility, it, share, end in zip(
        *columns, shares, rows["end"].tolist(), strict=True
    ):
        if end <= now and it > 0.0:
            month = calendar.day_of(start).month
            found[month] = (start, facility, it, share)
    return found


def _month(
    each: DesignMonth, measured: tuple[int, float, float, float] | None
) -> DesignedMonth:
    start, facility, it, share = measured or (None, 0.0, 0.0, 0.0)
    return DesignedMonth(
        month=each.month,
        designed=each.facility_kwh / each.it_kwh,
        facility_kwh=each.facility_kwh,
        it_kwh=each.it_kwh,
        measured_start=None if start is None else instants.from_us(start),
        measured=facility / it if measured else None,
        measured_facility_kwh=facility if measured else None,
        measured_it_kwh=it if measured else None,
        coverage=share,
    )


def _difference(months: Sequence[DesignedMonth]) -> float | None:
    """Measured less designed PUE over the months that are known well enough. [-].

    Each month's design is taken at the measured IT energy, so that both sides weigh
    the months alike.
    """
    excess, it_sum = 0.0, 0.0
    for each in months:
        it, facility = each.measured_it_kwh, each.measured_facility_kwh
        if it is None or facility is None or each.coverage < _COVERAGE:
            continue
        excess += facility - each.designed * it
        it_sum += it
    return excess / it_sum if it_sum > 0.0 else None
