"""Outdoor temperature and humidity that belong to a data centre."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.store import columns

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.registry import Role
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection

_ROLLED_UP_S = 900
"""A series that reports at least so often has hourly roll-ups. [s]"""


class Sensor(NamedTuple):
    """The series whose role is the outdoor temperature or humidity."""

    series_id: int
    device: str
    report_interval_s: int


def thermometer(conn: Connection, data_centre_id: int) -> Sensor | None:
    """Find the outdoor temperature of a data centre; the first one of several."""
    return _sensor(conn, data_centre_id, "outdoor_temperature")


def hygrometer(conn: Connection, data_centre_id: int) -> Sensor | None:
    """Find the outdoor humidity of a data centre; the first one of several."""
    return _sensor(conn, data_centre_id, "outdoor_humidity")


def _sensor(conn: Connection, data_centre_id: int, role: Role) -> Sensor | None:
    row = conn.execute(
        """
        select s.id, d.code, s.report_interval_s
        from meter m
        join series s on s.id = m.series_id
        join device d on d.id = s.device_id
        where m.data_centre_id = %s and m.role = %s
        order by m.id limit 1
        """,
        [data_centre_id, role],
    ).fetchone()
    return Sensor(*row) if row else None


def hourly(conn: Connection, found: Sensor, start: datetime, end: datetime) -> Columns:
    """Mean of each hour in [start, end): columns `hour` [us] and `mean` [degC, %RH]."""
    types = {"hour": "ts", "mean": "float8"}
    params = [found.series_id, start, end]
    if found.report_interval_s <= _ROLLED_UP_S:
        return columns.fetch(
            conn,
            """
            select ts, sum / n from rollup_1h
            where series = %s and ts >= %s and ts < %s and n > 0 order by ts
            """,
            params,
            types,
        )
    return columns.fetch(
        conn,
        """
        select date_trunc('hour', ts, 'UTC') as hour, avg(value) from reading
        where series = %s and ts >= %s and ts < %s and quality <> 4
        group by hour order by hour
        """,
        params,
        types,
    )
