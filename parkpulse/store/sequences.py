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


def append(connection: Connection, writer: str, numbered: Numbered) -> None:
    """Note the numbers of a batch."""
    if not len(numbered.device):
        return
    connection.execute(
        "insert into sequence_log (writer, device, seq) values (%s, %b, %b)",
        [
            writer,
            numbered.device.astype("<i4").tobytes(),
            numbered.seq.astype("<i8").tobytes(),
        ],
    )


def read(connection: Connection, start: datetime, end: datetime) -> Numbered:
    """All numbers noted in [start, end), in order of arrival."""
    row = connection.execute(
        "select coalesce(string_agg(device, ''::bytea order by at, writer), ''),"
        "  coalesce(string_agg(seq, ''::bytea order by at, writer), '')"
        " from sequence_log where at >= %s and at < %s",
        [start, end],
    ).fetchone()
    device, seq = row if row is not None else (b"", b"")
    return Numbered(
        np.frombuffer(device, "<i4").astype(np.int32, copy=False),
        np.frombuffer(seq, "<i8").astype(np.int64, copy=False),
    )


def prune(connection: Connection) -> None:
    """Forget what is older than is kept."""
    connection.execute("delete from sequence_log where at < now() - %s", [KEPT])
