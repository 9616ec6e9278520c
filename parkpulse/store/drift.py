"""The newest finding of a drift of each data centre's overhead."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from parkpulse.store.pool import Connection


class DriftRow(NamedTuple):
    """What a search found in [period_start, period_end)."""

    data_centre_id: int
    period_start: datetime
    period_end: datetime
    thermometer: str | None
    finding: str | None
    onset: date | None
    shift_kw: float | None
    yearly_kwh: float | None
    statistic: float | None
    part: str | None
    devices: Sequence[str]


def load(conn: Connection) -> dict[int, DriftRow]:
    """All findings, by data centre."""
    rows = conn.execute(
        """
        select data_centre_id, period_start, period_end, thermometer, finding, onset,
            shift_kw, yearly_kwh, statistic, part, devices
        from drift_finding order by data_centre_id
        """
    )
    return {row[0]: DriftRow(*row) for row in rows}


def put(conn: Connection, row: DriftRow) -> None:
    """Replace the finding of a data centre."""
    conn.execute(
        """
        insert into drift_finding (data_centre_id, period_start, period_end,
            thermometer, finding, onset, shift_kw, yearly_kwh, statistic, part, devices)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        on conflict (data_centre_id) do update set
            period_start = excluded.period_start, period_end = excluded.period_end,
            thermometer = excluded.thermometer, finding = excluded.finding,
            onset = excluded.onset, shift_kw = excluded.shift_kw,
            yearly_kwh = excluded.yearly_kwh, statistic = excluded.statistic,
            part = excluded.part, devices = excluded.devices
        """,
        row._replace(devices=list(row.devices)),
    )
