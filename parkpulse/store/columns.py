"""NumPy columns to and from the database, each packed into one value.

psycopg hands out COPY row by row and turns lists into arrays element by element; packed
columns took a tenth of the time.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql
from psycopg.adapt import Dumper
from psycopg.pq import Format
from typing_extensions import override

from parkpulse.model import instants
from parkpulse.store import pool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from parkpulse.store.pool import Connection

Columns = dict[str, npt.NDArray[Any]]
_EPOCH_2000_US = 946_684_800 * instants.SECOND
_WIRE = {
    "int4": (sql.SQL("int4send"), ">i4"),
    "int8": (sql.SQL("int8send"), ">i8"),
    "float8": (sql.SQL("float8send"), ">f8"),
    "ts": (sql.SQL("timestamptz_send"), ">i8"),
}


class _Packed(bytes):
    """An array in PostgreSQL's binary format."""

    __slots__ = ()


class _Int4(_Packed):
    __slots__ = ()


class _Int8(_Packed):
    __slots__ = ()


class _Float8(_Packed):
    __slots__ = ()


class _PackedDumper(Dumper):
    format = Format.BINARY

    @override
    def dump(self, obj: bytes) -> bytes:
        return obj


class _Int4Dumper(_PackedDumper):
    oid = 1007


class _Int8Dumper(_PackedDumper):
    oid = 1016


class _Float8Dumper(_PackedDumper):
    oid = 1022


psycopg.adapters.register_dumper(_Int4, _Int4Dumper)
psycopg.adapters.register_dumper(_Int8, _Int8Dumper)
psycopg.adapters.register_dumper(_Float8, _Float8Dumper)


def int4(values: npt.NDArray[Any]) -> bytes:
    """Make a parameter of type integer[]."""
    return _Int4(_pack(values, ">i4", 23))


def int8(values: npt.NDArray[Any]) -> bytes:
    """Make a parameter of type bigint[]."""
    return _Int8(_pack(values, ">i8", 20))


def float8(values: npt.NDArray[Any]) -> bytes:
    """Make a parameter of type float8[]."""
    return _Float8(_pack(values, ">f8", 701))


def _pack(values: npt.NDArray[Any], wire: str, oid: int) -> bytes:
    """Pack a one-dimensional array: dimensions, nulls, element type, length, first."""
    if not len(values):
        return np.array([0, 0, oid], ">i4").tobytes()
    header = np.array([1, 0, oid, len(values), 1], ">i4")
    rows = np.empty(len(values), np.dtype([("size", ">i4"), ("value", wire)]))
    rows["size"] = rows.dtype["value"].itemsize
    rows["value"] = values
    return header.tobytes() + rows.tobytes()


COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"
"""What stands before and behind the rows of PostgreSQL's binary COPY format."""


def copy_rows(found: Columns, types: Mapping[str, str], nulls: int = 0) -> bytes:
    """Write rows in PostgreSQL's binary COPY format.

    Parameters
    ----------
    found
        Columns of equal length.
    types
        Name and type of each, as for `fetch`.
    nulls
        So many columns follow that are null.
    """
    fields = [("fields", ">i2")]
    for name, kind in types.items():
        fields += [(f"{name} size", ">i4"), (name, _WIRE[kind][1])]
    fields += [(f"null {index}", ">i4") for index in range(nulls)]
    rows = np.empty(len(next(iter(found.values()))), np.dtype(fields))
    rows["fields"] = len(types) + nulls
    for name, kind in types.items():
        rows[f"{name} size"] = rows.dtype[name].itemsize
        rows[name] = found[name] - (_EPOCH_2000_US if kind == "ts" else 0)
    for index in range(nulls):
        rows[f"null {index}"] = -1
    return rows.tobytes()


def fetch(
    conn: Connection,
    query: LiteralString,
    params: Sequence[object],
    types: Mapping[str, str],
) -> Columns:
    """Run a query and return its columns, in its order.

    Parameters
    ----------
    conn
        Open connection.
    query
        A select whose columns are never null.
    params
        Its parameters.
    types
        Name and type of each column, in order: `int4` and `int8` become int64,
        `float8` float64, `ts` (timestamptz) int64 microseconds since 1970 UTC.
    """
    statement = _packing(query, tuple(types.items()))
    return fetch_packed(conn, statement, params, types)[0]


def fetch_packed(
    conn: Connection,
    statement: bytes | LiteralString,
    params: Sequence[object],
    types: Mapping[str, str],
) -> list[Columns]:
    """Run a statement that packs columns itself, and return those of each row.

    Parameters
    ----------
    conn
        Open connection.
    statement
        A row has each column as one value: its `..send` values one after the other,
        null for none.
    params
        Its parameters.
    types
        Name and type of each column, as for `fetch`.
    """
    with pool.translated(), conn.cursor(binary=True) as cursor:
        rows = cursor.execute(statement, params).fetchall()
    return [
        {
            name: _unpack(data or b"", kind)
            for (name, kind), data in zip(types.items(), row, strict=True)
        }
        for row in rows
    ]


@functools.lru_cache(maxsize=256)
def _packing(query: LiteralString, types: tuple[tuple[str, str], ...]) -> bytes:
    """Write the statement; composing it took longer than many a query."""
    packed = [
        sql.SQL("string_agg({send}({column}), '')").format(
            send=_WIRE[kind][0], column=sql.Identifier(name)
        )
        for name, kind in types
    ]
    composed = sql.SQL("select {packed} from ({inner}) as r ({names})").format(
        packed=sql.SQL(", ").join(packed),
        inner=sql.SQL(query),
        names=sql.SQL(", ").join(sql.Identifier(name) for name, _ in types),
    )
    return composed.as_bytes(None)


def _unpack(data: bytes, kind: str) -> npt.NDArray[Any]:
    column = np.frombuffer(data, _WIRE[kind][1])
    if kind == "float8":
        return column.astype(np.float64)
    whole = column.astype(np.int64)
    return whole + _EPOCH_2000_US if kind == "ts" else whole
