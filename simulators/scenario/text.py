"""Many lines of text at once: columns of bytes in which 0 means nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.packed import FloatArray, Int64Array

Column: TypeAlias = npt.NDArray[np.uint8]
"""Array, shape (n, width): a piece of n lines; (1, width): the same in all of them."""
_GROUP = 10_000
_GROUP_DIGITS = 4
_ZERO, _MINUS = ord("0"), ord("-")
_DIGITS: Column = (
    np.arange(_GROUP)[:, None] // np.array([1000, 100, 10, 1]) % 10 + _ZERO
).astype(np.uint8)


def constant(text: str) -> Column:
    """Write the same into every line."""
    return np.frombuffer(text.encode(), dtype=np.uint8)[None, :]


def _padded(values: Int64Array, digits: int) -> Column:
    """Write numbers that are not negative with leading zeros."""
    groups = -(-digits // _GROUP_DIGITS)
    found = np.empty((len(values), groups * _GROUP_DIGITS), dtype=np.uint8)
    rest = values
    for group in range(groups - 1, -1, -1):
        rest, last = np.divmod(rest, _GROUP)
        at = group * _GROUP_DIGITS
        found[:, at : at + _GROUP_DIGITS] = _DIGITS[last]
    return found[:, groups * _GROUP_DIGITS - digits :]


def integers(values: Int64Array) -> Column:
    """Write whole numbers that are not negative."""
    largest = int(values.max(initial=0))
    found = _padded(values, len(str(largest)))
    leading = np.logical_and.accumulate(found[:, :-1] == _ZERO, axis=1)
    found[:, :-1][leading] = 0
    return found


def decimals(values: FloatArray, digits: int) -> list[Column]:
    """Write numbers with a fixed count of decimals, none if `digits` is not positive.

    Parameters
    ----------
    values : array, shape (n,)
        Finite.
    digits
        Decimals.

    Returns
    -------
    list of columns
        To be put side by side.
    """
    digits = max(0, digits)
    scaled = np.rint(np.abs(values) * 10.0**digits).astype(np.int64)
    negative = (values < 0) & (scaled > 0)
    sign = np.where(negative, _MINUS, 0).astype(np.uint8)[:, None]
    if not digits:
        return [sign, integers(scaled)]
    whole, part = np.divmod(scaled, 10**digits)
    return [sign, integers(whole), constant("."), _padded(part, digits)]


def lines(columns: Sequence[Column], count: int) -> list[bytes]:
    """Put columns side by side.

    Parameters
    ----------
    columns
        Pieces of the lines, from left to right.
    count
        Of the lines.

    Returns
    -------
    list
        The lines, without what is nothing.
    """
    width = sum(column.shape[1] for column in columns)
    whole = np.empty((count, width), dtype=np.uint8)
    at = 0
    for column in columns:
        whole[:, at : at + column.shape[1]] = column
        at += column.shape[1]
    something = whole != 0
    ends = np.cumsum(something.sum(axis=1)).tolist()
    flat = whole[something].tobytes()
    starts = [0, *ends[:-1]]
    return [flat[start:end] for start, end in zip(starts, ends, strict=True)]
