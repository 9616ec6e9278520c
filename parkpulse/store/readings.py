"""Readings: written by binary COPY, read back as arrays.

Keys are (series, observed time). Times in arrays are microseconds since 1970 UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, NamedTuple

import numpy as np
import numpy.typing as npt

from parkpulse.model import instants
from parkpulse.model.packed import (
    NOT_EVALUATED,
    ByteArray,
    FloatArray,
    Int32Array,
    Int64Array,
    ReadingArrays,
)
from parkpulse.store import pool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import LiteralString

    from parkpulse.store.pool import Connection

BoolArray = npt.NDArray[np.bool_]

_EPOCH_2000_US = 946_684_800 * instants.SECOND
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("series_size", ">i4"),
        ("series", ">i4"),
        ("ts_size", ">i4"),
        ("ts", ">i8"),
        ("value_size", ">i4"),
        ("value", ">f8"),
        ("quality_size", ">i4"),
        ("quality", ">i2"),
    ]
)
"""A row (series, ts, value, quality) in PostgreSQL's binary COPY format."""


class Stored(NamedTuple):
    """What is stored under keys; arrays of shape (n,)."""

    exists: BoolArray
    value: FloatArray
    """NaN where there is none."""
    quality: ByteArray
    """0 where there is none."""


def insert(
    connection: Connection,
    series: Int32Array,
    ts: Int64Array,
    value: FloatArray,
    quality: ByteArray | None = None,
) -> None:
    """Add readings whose keys are new, by binary COPY.

    Parameters
    ----------
    connection
        In a transaction; after a ConflictError it goes on as if nothing had happened.
    series, ts, value : arrays, shape (n,)
        Ids, observed times [us], values; each key once, sorted by (series, ts).
    quality : array, shape (n,)
        QARTOD flags; None: not evaluated.

    Raises
    ------
    ConflictError
        At least one key exists; nothing was added.
    """
    if not len(series):
        return
    with (
        pool.translated(),
        connection.transaction(),
        connection.cursor() as cursor,
        cursor.copy(
            "copy reading (series, ts, value, quality) from stdin (format binary)"
        ) as copy,
    ):
        copy.write(encode_rows(series, ts, value, quality))


def encode_rows(
    series: Int32Array,
    ts: Int64Array,
    value: FloatArray,
    quality: ByteArray | None = None,
) -> bytes:
    """Encode readings in PostgreSQL's binary COPY format."""
    rows = np.empty(len(series), _ROW)
    rows["fields"] = 4
    for name, size in (("series", 4), ("ts", 8), ("value", 8), ("quality", 2)):
        rows[f"{name}_size"] = size
    rows["series"] = series
    rows["ts"] = ts - _EPOCH_2000_US
    rows["value"] = value
    rows["quality"] = NOT_EVALUATED if quality is None else quality
    return b"".join((_HEADER, rows.tobytes(), _TRAILER))


def stored(connection: Connection, series: Int32Array, ts: Int64Array) -> Stored:
    """Tell whether each key exists, and what it holds.

    Parameters
    ----------
    connection
        Open connection.
    series, ts : arrays, shape (n,)
        Keys [us], each once, sorted by (series, ts).
    """
    return _look_up(connection, series, ts, "")


def lock(connection: Connection, series: Int32Array, ts: Int64Array) -> Stored:
    """Do the same as `stored`, and let nobody change what exists until the commit."""
    return _look_up(connection, series, ts, " for update")


def _look_up(
    connection: Connection, series: Int32Array, ts: Int64Array, lock: LiteralString
) -> Stored:
    exists = np.zeros(len(series), np.bool_)
    value = np.full(len(series), np.nan)
    quality = np.zeros(len(series), np.uint8)
    if len(series):
        rows = connection.execute(
            "select k.position - 1, r.value, r.quality"  # noqa: S608 - `lock` is a literal
            " from unnest(%b::integer[], %b::bigint[])"
            "  with ordinality as k (series, ts_us, position)"
            " cross join lateral ("
            "  select value, quality from reading where reading.series = k.series"
            "  and reading.ts = '1970-01-01Z'::timestamptz + k.ts_us * interval '1 us'"
            "  and reading.ts between %s and %s" + lock + ") r"
            " order by k.position",
            [
                series.tolist(),
                ts.tolist(),
                instants.from_us(int(ts.min())),
                instants.from_us(int(ts.max())),
            ],
        )
        for position, *found in rows:
            exists[position] = True
            value[position], quality[position] = found
    return Stored(exists, value, quality)


def replace(
    connection: Connection,
    series: Int32Array,
    ts: Int64Array,
    value: FloatArray,
    quality: ByteArray | None = None,
) -> None:
    """Give existing keys another value or quality.

    Parameters
    ----------
    connection
        In a transaction that has locked the keys by `lock`.
    series, ts, value : arrays, shape (n,)
        Ids, observed times [us], new values; each key once, sorted by (series, ts).
    quality : array, shape (n,)
        QARTOD flags; None: not evaluated.
    """
    if not len(series):
        return
    if quality is None:
        quality = np.full(len(series), NOT_EVALUATED, np.uint8)
    connection.execute(
        "update reading set value = k.value, quality = k.quality"
        " from (select series,"
        "   '1970-01-01Z'::timestamptz + ts_us * interval '1 us' as ts, value, quality"
        "  from unnest(%b::integer[], %b::bigint[], %b::float8[], %b::smallint[])"
        "   as u (series, ts_us, value, quality)) k"
        " where reading.series = k.series and reading.ts = k.ts"
        " and reading.ts between %s and %s",
        [
            series.tolist(),
            ts.tolist(),
            value.tolist(),
            quality.tolist(),
            instants.from_us(int(ts.min())),
            instants.from_us(int(ts.max())),
        ],
    )


def audit(
    connection: Connection,
    series: Int32Array,
    ts: Int64Array,
    old: FloatArray,
    new: FloatArray,
    cause: str,
    old_quality: ByteArray | None = None,
) -> None:
    """Keep what corrections replaced.

    Parameters
    ----------
    connection
        In the transaction that replaces them.
    series, ts, old, new : arrays, shape (n,)
        Ids, observed times [us], replaced and replacing values.
    cause
        Why: `correction`, `replay`.
    old_quality : array, shape (n,)
        QARTOD flags of what is replaced; None: not evaluated.
    """
    if not len(series):
        return
    if old_quality is None:
        old_quality = np.full(len(series), NOT_EVALUATED, np.uint8)
    connection.execute(
        "insert into reading_audit"
        "  (series, ts, old_value, old_quality, new_value, cause)"
        " select series, '1970-01-01Z'::timestamptz + ts_us * interval '1 us',"
        "  old_value, old_quality, new_value, %s"
        " from unnest(%b::integer[], %b::bigint[], %b::float8[], %b::smallint[],"
        "   %b::float8[]) as u (series, ts_us, old_value, old_quality, new_value)",
        [
            cause,
            series.tolist(),
            ts.tolist(),
            old.tolist(),
            old_quality.tolist(),
            new.tolist(),
        ],
    )


def window(
    connection: Connection, series_ids: Sequence[int], start: datetime, end: datetime
) -> ReadingArrays:
    """Return the readings of the series in [start, end)."""
    return _fetch(
        connection,
        "select series, ts, value, quality from reading"
        " where series = any(%s) and ts >= %s and ts < %s"
        " order by series, ts",
        [list(series_ids), start, end],
    )


def latest(connection: Connection, park_id: int) -> ReadingArrays:
    """Return the newest reading of each series of a park, where there is one."""
    return _fetch(
        connection,
        "select r.* from series s join device d on d.id = s.device_id"
        " cross join lateral (select series, ts, value, quality from reading"
        "  where reading.series = s.id order by ts desc limit 1) r"
        " where d.park_id = %s order by r.series",
        [park_id],
    )


def _fetch(
    connection: Connection, query: LiteralString, parameters: list[object]
) -> ReadingArrays:
    """Run a query that gives series, ts, value, quality; fetch it by binary COPY."""
    statement = "copy (" + query + ") to stdout (format binary)"
    with (
        pool.translated(),
        connection.cursor() as cursor,
        cursor.copy(statement, parameters) as copy,
    ):
        data = b"".join(copy)
    rows = np.frombuffer(data[len(_HEADER) : -len(_TRAILER)], _ROW)
    return ReadingArrays(
        rows["series"].astype(np.int32),
        rows["ts"].astype(np.int64) + _EPOCH_2000_US,
        rows["value"].astype(np.float64),
        rows["quality"].astype(np.uint8),
    )
