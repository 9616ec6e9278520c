"""Local times without a zone become instants, also where clocks are put back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants

if TYPE_CHECKING:
    import numpy.typing as npt

    from parkpulse.model.packed import Int64Array

    BoolArray = npt.NDArray[np.bool_]

_SEARCH = 6 * instants.HOUR
_MARGIN = 2 * instants.DAY
_LAST = instants.to_us(datetime(9998, 1, 1, tzinfo=UTC))


def zone(name: str) -> ZoneInfo:
    """Time zone of that name.

    Raises
    ------
    InvalidRequestError
        There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        message = f"there is no time zone {name!r}"
        raise InvalidRequestError(
            code="unknown_zone", message=message, pointer="zone"
        ) from error


class Instants(NamedTuple):
    """What local times mean.

    Parameters
    ----------
    earlier, later : arrays, shape (n,)
        The instants, equal but where clocks were put back and the local time
        happened twice. [us since 1970 UTC]
    exists : array, shape (n,)
        False where clocks were put forward over the local time.
    """

    earlier: Int64Array
    later: Int64Array
    exists: BoolArray


def of_local(local: Int64Array, where: ZoneInfo) -> Instants:
    """Find the instants of local times.

    Parameters
    ----------
    local : array, shape (n,)
        Wall clock times as if they were UTC. [us since 1970]
    where
        Zone of the wall clock.
    """
    if not len(local):
        return Instants(local, local, np.zeros(0, np.bool_))
    change, offset = _changes(int(local.min()), int(local.max()), where)
    first = np.searchsorted(change[1:] + offset[:-1], local, side="right")
    last = np.maximum(np.searchsorted(change + offset, local, side="right") - 1, 0)
    return Instants(local - offset[first], local - offset[last], last >= first)


def _changes(low: int, high: int, where: ZoneInfo) -> tuple[Int64Array, Int64Array]:
    """Instants from which an offset holds, and the offsets. [us]."""
    start = min(max(low - _MARGIN, -_LAST // 8), _LAST)
    end = min(max(high, start) + _MARGIN, _LAST)
    changes, offsets = [start], [_offset(start, where)]
    for moment in range(start, end + _SEARCH, _SEARCH):
        while (found := _offset(moment, where)) != offsets[-1]:
            changes.append(_bisect(changes[-1], moment, offsets[-1], where))
            offsets.append(_offset(changes[-1], where))
            if offsets[-1] == found:
                break
    return np.array(changes, np.int64), np.array(offsets, np.int64)


def _offset(moment: int, where: ZoneInfo) -> int:
    offset = instants.from_us(moment).astimezone(where).utcoffset()
    return (offset or timedelta()) // timedelta(microseconds=1)


def _bisect(low: int, high: int, offset: int, where: ZoneInfo) -> int:
    """First instant after `low` from which the offset is another one."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, where) == offset:
            low = middle
        else:
            high = middle
    return high
