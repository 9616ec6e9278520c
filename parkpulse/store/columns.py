"""Rows as NumPy columns, by PostgreSQL's binary COPY format.

Only for columns of fixed size that are never null: coalesce in the query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parkpulse.model import instants
from parkpulse.store import pool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from psycopg import sql

    from parkpulse.store.pool import Connection

Columns = dict[str, npt.NDArray[Any]]
_EPOCH_2000_US = 946_684_800 * instants.SECOND
_HEADER = 19
_TRAILER = 2
_WIRE = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "float8": ">f8", "ts": ">i8"}


def fetch(
    conn: Connection,
    statement: LiteralString | sql.Composed,
    params: Sequence[object],
    types: Mapping[str, str],
) -> Columns:
    """Run `copy (...) to stdout (format binary)` and return its columns.

    Parameters
    ----------
    conn
        Open connection.
    statement
        The whole COPY statement.
    params
        Its parameters.
    types
        Name and type of each column, in order: `int2`, `int4`, `int8` become int64,
        `float8` float64, `ts` (timestamptz) int64 microseconds since 1970 UTC.
    """
    fields: list[tuple[str, str]] = [("_", ">i2")]
    for name, kind in types.items():
        fields += [(f"{name} size", ">i4"), (name, _WIRE[kind])]
    with (
        pool.translated(),
        conn.cursor() as cursor,
        cursor.copy(statement, params) as copy,
    ):
        data = b"".join(copy)
    rows = np.frombuffer(data[_HEADER:-_TRAILER], np.dtype(fields))
    return {name: _native(rows[name], kind) for name, kind in types.items()}


def _native(column: npt.NDArray[Any], kind: str) -> npt.NDArray[Any]:
    if kind == "float8":
        return column.astype(np.float64)
    whole = column.astype(np.int64)
    return whole + _EPOCH_2000_US if kind == "ts" else whole
