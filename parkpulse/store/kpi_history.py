"""KPI rows as long series of energies, for projections and comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.store import columns

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.kpi import KpiName
    from parkpulse.model.periods import Period
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection


def categories(conn: Connection, data_centre_id: int, kpi: KpiName) -> list[int]:
    """Categories that a KPI of a data centre has, ascending."""
    rows = conn.execute(
        """
        select distinct category from kpi
        where data_centre_id = %s and kpi = %s and period = 'month' order by category
        """,
        [data_centre_id, kpi],
    )
    return [int(category) for (category,) in rows]


def energies(
    conn: Connection,
    data_centre_id: int,
    of: tuple[KpiName, int, Period],
    start: datetime,
    end: datetime,
) -> Columns:
    """Energies of the periods that begin in [start, end), by start.

    Returns columns `start`, `end` [us], `numerator`, `denominator` [kWh], `known_s`
    (time that the meters cover), `elapsed_s`.
    """
    return columns.fetch(
        conn,
        """
        select period_start, period_end, numerator_kwh, denominator_kwh,
            covered_s + estimated_s, elapsed_s
        from kpi
        where data_centre_id = %s and kpi = %s and category = %s and period = %s
            and period_start >= %s and period_start < %s
        order by period_start
        """,
        [data_centre_id, *of, start, end],
        {
            "start": "ts",
            "end": "ts",
            "numerator": "float8",
            "denominator": "float8",
            "known_s": "float8",
            "elapsed_s": "float8",
        },
    )
