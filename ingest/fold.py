"""What becomes of each value when several may have the same key."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from parkpulse.model.packed import ByteArray, Int32Array, Int64Array

BoolArray = npt.NDArray[np.bool_]
Held = npt.NDArray[Any]
"""What keys hold: numbers, or several fields of which all must agree."""

NEW = 0
"""The key was not stored."""
DUPLICATE = 1
"""The key was stored with this value."""
CORRECTED = 2
"""The key was stored with another value, which this one replaces."""
KEPT = 3
"""The key was stored with another value, which stays."""


class OnDifference(enum.Enum):
    """What to do when a key is stored with another value."""

    REPLACE = "replace"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Folded:
    """Values in order of their keys; those of one key in order of arrival.

    Parameters
    ----------
    order : array, shape (n,)
        Index of each value among the arrivals.
    is_first : array, shape (n,)
        Whether the value is the first of its key, in this order.
    key : array, shape (n,)
        Which key each value has, in this order.
    first, last : arrays, shape (k,)
        Index among the arrivals of the first and last value of each key.
    """

    order: Int64Array
    is_first: BoolArray
    key: Int64Array
    first: Int64Array
    last: Int64Array


def fold(series: Int32Array, ts: Int64Array) -> Folded:
    """Group values by key (series, ts); keys come out sorted."""
    order = np.lexsort((ts, series))
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (np.diff(series[order]) != 0) | (np.diff(ts[order]) != 0)
    is_last = np.roll(is_first, -1)
    key = np.cumsum(is_first, dtype=np.int64) - 1
    return Folded(order, is_first, key, order[is_first], order[is_last])


@dataclass(frozen=True, slots=True)
class Classified:
    """What becomes of each value, in order of arrival.

    Parameters
    ----------
    kind : array, shape (n,)
        NEW, DUPLICATE, CORRECTED or KEPT.
    before : array, shape (n,)
        What the key held before; as in `stored` where it held nothing.
    """

    kind: ByteArray
    before: Held


def classify(
    folded: Folded,
    value: Held,
    exists: BoolArray,
    stored: Held,
    on_difference: OnDifference,
) -> Classified:
    """Decide about each value, one after the other in order of arrival.

    Parameters
    ----------
    folded
        The values grouped by key.
    value : array, shape (n,)
        Values in order of arrival.
    exists, stored : arrays, shape (k,)
        Whether each key is stored already, and with which value.
    on_difference
        What to do with a value whose key is stored with another one.
    """
    ordered = value[folded.order]
    before = np.empty_like(ordered)
    before[1:] = ordered[:-1]
    is_new = folded.is_first & ~exists[folded.key]
    before[folded.is_first] = stored
    if on_difference is OnDifference.KEEP:
        held = np.where(exists, stored, value[folded.first])
        before = np.where(is_new, stored[folded.key], held[folded.key])
    kind = np.where(ordered == before, DUPLICATE, CORRECTED).astype(np.uint8)
    if on_difference is OnDifference.KEEP:
        kind[kind == CORRECTED] = KEPT
    kind[is_new] = NEW
    result = Classified(np.empty_like(kind), np.empty_like(before))
    result.kind[folded.order] = kind
    result.before[folded.order] = before
    return result


def final(
    folded: Folded,
    value: Held,
    exists: BoolArray,
    stored: Held,
    on_difference: OnDifference,
) -> Held:
    """Value of each key afterwards, shape (k,)."""
    if on_difference is OnDifference.KEEP:
        return np.where(exists, stored, value[folded.first])
    return value[folded.last]
