"""Hourly amounts of every meter of a data centre, and the meters as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parkpulse.store import columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.model.registry import Role
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Amounts:
    """What k hours hold of m meters.

    Parameters
    ----------
    meters
        Ids.
    hours : array, shape (k,)
        Starts. [us since 1970 UTC]
    amount, estimated : arrays, shape (k, m)
        All, and what of it is estimated. [kWh, water m3]
    covered_s, estimated_s : arrays, shape (k, m)
        Time that is measured, and time that is estimated. [s]
    """

    meters: Sequence[int]
    hours: Int64Array
    amount: FloatArray
    estimated: FloatArray
    covered_s: FloatArray
    estimated_s: FloatArray


def write(conn: Connection, found: Amounts) -> None:
    """Put hours in place; of what is not known at all there is no row."""
    count = len(found.meters)
    hour = np.repeat(found.hours, count)
    meter = np.tile(np.array(found.meters, np.int64), len(found.hours))
    known = (found.covered_s + found.estimated_s).ravel() > 0.0
    conn.execute(
        """
        delete from meter_hour h
        using unnest(%b::integer[], %b::bigint[]) as t (meter, hour_us)
        where h.meter_id = t.meter
            and h.hour = '1970-01-01Z'::timestamptz + hour_us * interval '1 us'
        """,
        [columns.int4(meter[~known]), columns.int8(hour[~known])],
    )
    values = (found.amount, found.estimated, found.covered_s, found.estimated_s)
    conn.execute(
        """
        insert into meter_hour as h
            (meter_id, hour, amount, estimated, covered_s, estimated_s)
        select meter, '1970-01-01Z'::timestamptz + hour_us * interval '1 us', amount,
            estimated, covered_s, estimated_s
        from unnest(%b::integer[], %b::bigint[], %b::float8[], %b::float8[],
            %b::float8[], %b::float8[])
            as t (meter, hour_us, amount, estimated, covered_s, estimated_s)
        order by meter, hour_us
        on conflict (meter_id, hour) do update set amount = excluded.amount,
            estimated = excluded.estimated, covered_s = excluded.covered_s,
            estimated_s = excluded.estimated_s
        where (h.amount, h.estimated, h.covered_s, h.estimated_s) is distinct from
            (excluded.amount, excluded.estimated, excluded.covered_s,
            excluded.estimated_s)
        """,
        [
            columns.int4(meter[known]),
            columns.int8(hour[known]),
            *(columns.float8(each.ravel()[known]) for each in values),
        ],
    )


def forget(conn: Connection) -> None:
    """Delete the hours of meters that are no longer registered."""
    conn.execute(
        "delete from meter_hour h where not exists"
        " (select from meter m where m.id = h.meter_id)"
    )


def read(
    conn: Connection, meters: Sequence[int], start: datetime, end: datetime
) -> Columns:
    """Read whole hours in [start, end), by hour and meter.

    Returns columns `meter`, `hour` [us], `amount`, `estimated`, `covered_s`,
    `estimated_s`.
    """
    return columns.fetch(
        conn,
        """
        select meter_id, hour, amount, estimated, covered_s, estimated_s
        from meter_hour
        where meter_id = any(%s) and hour >= %s and hour + interval '1 hour' <= %s
        order by hour, meter_id
        """,
        [list(meters), start, end],
        {
            "meter": "int4",
            "hour": "ts",
            "amount": "float8",
            "estimated": "float8",
            "covered_s": "float8",
            "estimated_s": "float8",
        },
    )


class MeterRow(NamedTuple):
    """A meter in its tree."""

    id: int
    parent_id: int | None
    role: Role
    device: str
    name_zh: str
    name_en: str
    metric: str


def tree(conn: Connection, data_centre_id: int) -> list[MeterRow]:
    """Meters of a data centre, by id."""
    rows = conn.execute(
        """
        select m.id, m.parent_id, m.role, d.code, d.name_zh, d.name_en, s.metric
        from meter m
        join series s on s.id = m.series_id
        join device d on d.id = s.device_id
        where m.data_centre_id = %s order by m.id
        """,
        [data_centre_id],
    )
    return [MeterRow(*row) for row in rows]
