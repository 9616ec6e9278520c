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
    from collections.abc import Mapping, Sequence

    from parkpulse.store.pool import Connection

_DEFAULT = timedelta(hours=24)


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

    Without a park those of all; messages of other parks are not counted. The last 24
    hours if not told; never more than is kept.

    Raises
    ------
    InvalidRequestError
        The time is empty, or over before what is kept.
    """
    start, end = _span(start, end)
    numbered = store.read(conn, start, end, park)
    names = devices.names(conn, np.unique(numbered.device).tolist())
    numbered = _of(numbered, names, park)
    found = sequences.gaps(numbered.device.astype(np.int64), numbered.seq)
    items = [
        GapView(*names[device], first, last, last - first + 1)
        for device, first, last in zip(
            *(column.tolist() for column in found), strict=True
        )
    ]
    return GapsView(
        items, start, end, len(numbered.seq), sum(each.count for each in items)
    )


def _span(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    end = end or now
    start = start or end - _DEFAULT
    if start >= end:
        code, message = "empty_period", "the period is empty"
        raise InvalidRequestError(code, message, "end")
    if end <= now - store.KEPT:
        code, message = "numbers_forgotten", "numbers are kept for 48 hours"
        raise InvalidRequestError(code, message, "end")
    return max(start, now - store.KEPT), end


def _of(
    numbered: store.Numbered, names: Mapping[int, tuple[str, str]], park: str | None
) -> store.Numbered:
    """Choose the messages of one park's devices, or of all that are registered."""
    wanted = [device for device, (code, _) in names.items() if park in {None, code}]
    chosen = np.isin(numbered.device, np.array(wanted, np.int32))
    return store.Numbered(numbered.device[chosen], numbered.seq[chosen])
