"""The numbers that devices gave their messages, in the order of arrival."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.packed import Int32Array, Int64Array
    from parkpulse.store.pool import Connection

KEPT = timedelta(hours=48)
"""So long the numbers are kept."""


class Numbered(NamedTuple):
    """Messages of devices in order of arrival; arrays of shape (n,)."""

    device: Int32Array
    """Ids of the devices."""
    seq: Int64Array


def append(
    connection: Connection, writer: str, park: Int64Array, numbered: Numbered
) -> None:
    """Note the numbers of a batch.

    Parameters
    ----------
    connection
        In a transaction.
    writer
        Who has received them.
    park : array, shape (n,)
        Id of the park of each message.
    numbered
        The messages.
    """
    if not len(park):
        return
    order = np.argsort(park, kind="stable")
    parks, begins = np.unique(park[order], return_index=True)
    device = np.split(numbered.device[order].astype("<i4"), begins[1:])
    seq = np.split(numbered.seq[order].astype("<i8"), begins[1:])
    connection.execute(
        "insert into sequence_log (writer, park_id, device, seq)"
        " select %s, * from unnest(%s::integer[], %b::bytea[], %b::bytea[])",
        [
            writer,
            parks.tolist(),
            [each.tobytes() for each in device],
            [each.tobytes() for each in seq],
        ],
    )


def read(
    connection: Connection, start: datetime, end: datetime, park: str | None
) -> Numbered:
    """Numbers noted in [start, end), in order of arrival.

    Of the park with this code, and what was noted before parks were; None: of all.
    """
    row = connection.execute(
        "select coalesce(string_agg(device, ''::bytea order by at, writer), ''),"
        "  coalesce(string_agg(seq, ''::bytea order by at, writer), '')"
        " from sequence_log where at >= %(start)s and at < %(end)s"
        "  and (%(park)s::text is null or park_id is null"
        "   or park_id = (select id from park where code = %(park)s))",
        {"start": start, "end": end, "park": park},
    ).fetchone()
    device, seq = row if row is not None else (b"", b"")
    return Numbered(
        np.frombuffer(device, "<i4").astype(np.int32, copy=False),
        np.frombuffer(seq, "<i8").astype(np.int64, copy=False),
    )


def prune(connection: Connection) -> None:
    """Forget what is older than is kept."""
    connection.execute("delete from sequence_log where at < now() - %s", [KEPT])
