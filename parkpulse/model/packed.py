"""Readings as parallel arrays, and their packed form in the batch log.

Packed arrays are little-endian: series int32, ts int64 microseconds since 1970 UTC,
value float64, flag uint8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
ByteArray = npt.NDArray[np.uint8]

CORRECTION = 1
"""Flag: the reading replaced an older value of the same series and time."""
LATE = 2
"""Flag: the reading is older than its series' newest was; only a hint."""
DOUBTED = 4
"""Flag: the sender calls the reading suspect."""
DENIED = 8
"""Flag: the sender calls the reading bad: it is kept and shown, and counts nowhere."""

NOT_EVALUATED = 2
"""Quality that ingest gives to a reading (QARTOD: not evaluated)."""
SUSPECT = 3
"""Quality of a reading that its sender doubts (QARTOD: suspect)."""
FAIL = 4
"""Quality of a reading that its sender calls bad (QARTOD: fail)."""

DATUM = np.dtype([("value", "<f8"), ("quality", "u1")])
"""What is stored under a key; it is another one when either field differs."""
Data = npt.NDArray[np.void]
"""Array of DATUM."""


@dataclass(frozen=True, slots=True)
class ReadingArrays:
    """Stored readings, sorted by series, then time.

    Parameters
    ----------
    series : array, shape (n,)
        Ids of the series.
    ts : array, shape (n,)
        Observed times. [us since 1970 UTC]
    value : array, shape (n,)
        Values in the units of their metrics.
    quality : array, shape (n,)
        Ingest's flag in QARTOD terms.
    """

    series: Int32Array
    ts: Int64Array
    value: FloatArray
    quality: ByteArray

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True, slots=True)
class ChangeArrays:
    """Readings that a transaction added or replaced.

    Parameters
    ----------
    series : array, shape (n,)
        Ids of the series.
    ts : array, shape (n,)
        Observed times. [us since 1970 UTC]
    value : array, shape (n,)
        Values in the units of their metrics.
    flag : array, shape (n,)
        Sum of `CORRECTION`, `LATE`, `DOUBTED` and `DENIED`.
    """

    series: Int32Array
    ts: Int64Array
    value: FloatArray
    flag: ByteArray

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True, slots=True)
class LoggedBatch:
    """One row of the batch log: what a transaction of a writer changed in a slot."""

    slot: int
    writer: str
    n: int
    at: datetime
    series: Int32Array
    ts: Int64Array
    value: FloatArray
    flag: ByteArray

    def __len__(self) -> int:
        return len(self.series)


def data(value: FloatArray, quality: ByteArray) -> Data:
    """Put values and their qualities together."""
    found = np.empty(len(value), DATUM)
    found["value"], found["quality"] = value, quality
    return found


def flags(quality: ByteArray) -> ByteArray:
    """Tell the log what ingest thinks of readings."""
    found = np.zeros(len(quality), np.uint8)
    found[quality == SUSPECT] = DOUBTED
    found[quality == FAIL] = DENIED
    return found


def quality(flag: ByteArray) -> ByteArray:
    """Return the qualities that flags of the log tell."""
    found = np.full(len(flag), NOT_EVALUATED, np.uint8)
    found[(flag & DOUBTED) > 0] = SUSPECT
    found[(flag & DENIED) > 0] = FAIL
    return found


def counting(changes: ChangeArrays) -> ChangeArrays:
    """Leave out what counts nowhere and was never counted.

    A correction stays: what is computed from the stored readings changes by it.
    """
    counts = ((changes.flag & DENIED) == 0) | ((changes.flag & CORRECTION) > 0)
    if counts.all():
        return changes
    return ChangeArrays(
        changes.series[counts],
        changes.ts[counts],
        changes.value[counts],
        changes.flag[counts],
    )


def pack(changes: ChangeArrays) -> tuple[bytes, bytes, bytes, bytes]:
    """Series, ts, value and flag as bytes."""
    return (
        changes.series.astype("<i4", copy=False).tobytes(),
        changes.ts.astype("<i8", copy=False).tobytes(),
        changes.value.astype("<f8", copy=False).tobytes(),
        changes.flag.astype("u1", copy=False).tobytes(),
    )


def unpack(series: bytes, ts: bytes, value: bytes, flag: bytes) -> ChangeArrays:
    """Read packed arrays; the result is read-only.

    Raises
    ------
    ValueError
        The lengths do not agree.
    """
    changes = ChangeArrays(
        np.frombuffer(series, "<i4").astype(np.int32, copy=False),
        np.frombuffer(ts, "<i8").astype(np.int64, copy=False),
        np.frombuffer(value, "<f8").astype(np.float64, copy=False),
        np.frombuffer(flag, np.uint8),
    )
    lengths = {len(changes.series), len(changes.ts), len(changes.value), len(flag)}
    if len(lengths) != 1:
        message = f"packed arrays of different lengths: {sorted(lengths)}"
        raise ValueError(message)
    return changes


def concatenate(batches: Sequence[LoggedBatch]) -> ChangeArrays:
    """Join the changes of several batches, one after the other."""
    if not batches:
        return unpack(b"", b"", b"", b"")
    return ChangeArrays(
        np.concatenate([batch.series for batch in batches]),
        np.concatenate([batch.ts for batch in batches]),
        np.concatenate([batch.value for batch in batches]),
        np.concatenate([batch.flag for batch in batches]),
    )
