"""Which messages of devices never came, by the numbers that devices give them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from analytics import sequences
from parkpulse.errors import InvalidRequestError
from parkpulse.store import devices
from parkpulse.store import sequences as store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.store.pool import Connection


@dataclass(frozen=True, slots=True)
class GapView:
    """Numbers of a device that are missing."""

    park: str
    device: str
    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class GapsView:
    """What is missing in a time."""

    items: Sequence[GapView]
    start: datetime
    end: datetime
    numbered: int
    """Messages with a number in that time."""
    missing: int


def gaps(
    conn: Connection,
    start: datetime | None,
    end: datetime | None,
    park: str | None = None,
) -> GapsView:
    """Tell which numbers are missing among the messages received in [start, end).

    Raises
    ------
    InvalidRequestError
        The time is empty, or begins before what is kept.
    """
    end = end or datetime.now(UTC)
    start = start or max(end - timedelta(hours=24), datetime.now(UTC) - store.KEPT)
    if start >= end:
        code, message = "empty_period", "the period is empty"
        raise InvalidRequestError(code, message, "end")
    numbered = store.read(conn, start, end)
    found = sequences.gaps(numbered.device.astype(np.int64), numbered.seq)
    names = devices.names(conn, np.unique(found.device).tolist())
    items = [
        GapView(*names[device], first, last, last - first + 1)
        for device, first, last in zip(
            *(column.tolist() for column in found), strict=True
        )
        if device in names and park in {None, names[device][0]}
    ]
    return GapsView(
        items, start, end, len(numbered.seq), sum(each.count for each in items)
    )
