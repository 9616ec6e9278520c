"""Civil time: what clocks in a zone show, with its summer time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from analytics.arrays import HOUR, SECOND

if TYPE_CHECKING:
    from datetime import tzinfo

    from analytics.arrays import IntArray

_FIRST, _LAST = (
    int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 3600 for year in (2, 9999)
)
"""Hours between which the calendar knows all zones."""


def offsets(ts: IntArray, zone: tzinfo) -> IntArray:
    """Return how far clocks in `zone` are ahead of UTC, shape of `ts`.

    Parameters
    ----------
    ts : array
        Instants [us since 1970 UTC]; beyond the years 2 to 9998 the nearest of these.
    """
    known = np.clip(ts // HOUR, _FIRST, _LAST)
    hours, at = np.unique(known, return_inverse=True)
    each = [_offset(int(hour), zone) for hour in hours]
    found: IntArray = np.array(each, np.int64)[at]
    return found


def _offset(hour: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds()) * SECOND
