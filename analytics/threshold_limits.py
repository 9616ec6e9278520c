"""What threshold conditions are compared with, and what is kept of each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Structured = npt.NDArray[np.void]

NEVER = int(np.iinfo(np.int64).min)
"""A time before all others. [us]"""
FOREVER = int(np.iinfo(np.int64).max)
"""A time after all others. [us]"""

UNKNOWN, OVER, BETWEEN, BACK = range(4)
"""Kinds of runs; UNKNOWN before the first reading."""
RAISE, SEVERITY, CLEAR = range(1, 4)
"""Kinds of transitions."""

STATE = np.dtype(
    [
        ("last_ts", "<i8"),
        ("value", "<f8"),
        ("run", "u1"),
        ("run_ts", "<i8"),
        ("run_length", "<i4"),
        ("level", "u1"),
        ("onset", "<i8"),
        ("raised", "<i8"),
        ("fired", "<i8"),
    ]
)
"""State of a row after its newest reading.

Time [us] and value of that reading; kind, start [us] and readings of its run; present
level (0 while there is no condition); onset and raise of the newest condition [us];
newest time that `expire` decided without a reading [us].
"""
TRANSITION = np.dtype(
    [
        ("row", "<i8"),
        ("ts", "<i8"),
        ("kind", "u1"),
        ("level", "u1"),
        ("value", "<f8"),
        ("onset", "<i8"),
    ]
)
"""What happens at event time `ts` [us].

Kind, level from then on (0 after CLEAR), reading that led to it, onset [us] of a RAISE.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What each of n rows is compared with; at most m levels.

    Parameters
    ----------
    sign : array, shape (n,)
        1 where beyond is above, -1 where it is below.
    limit : array, shape (n, m)
        Limits times sign, rising; infinite where a row has fewer levels.
    deadband : array, shape (n,)
        How far back across a limit is back.
    on_delay, off_delay, hold : arrays, shape (n,)
        Delays, and how long a reading holds. [us]
    on_samples, off_samples : arrays, shape (n,)
        Readings that a delay asks for; None for one each.
    """

    sign: FloatArray
    limit: FloatArray
    deadband: FloatArray
    on_delay: IntArray
    off_delay: IntArray
    hold: IntArray
    on_samples: IntArray | None = None
    off_samples: IntArray | None = None

    def take(self, rows: IntArray) -> Limits:
        """Return the limits of some rows, in this order."""
        return Limits(
            self.sign[rows],
            self.limit[rows],
            self.deadband[rows],
            self.on_delay[rows],
            self.off_delay[rows],
            self.hold[rows],
            None if self.on_samples is None else self.on_samples[rows],
            None if self.off_samples is None else self.off_samples[rows],
        )

    def samples(self, row: IntArray, is_over: BoolArray) -> IntArray:
        """Return how many readings the delay of a run asks for."""
        ones = np.ones(len(row), np.int64)
        on = ones if self.on_samples is None else self.on_samples[row]
        off = ones if self.off_samples is None else self.off_samples[row]
        return np.where(is_over, on, off)

    def levels_passed(self, value: FloatArray) -> IntArray:
        """Count the limits that one value a row is beyond, shape (n,)."""
        beyond = (self.sign * value)[:, None] > self.limit
        passed: IntArray = beyond.sum(axis=1, dtype=np.int64)
        return passed

    def kind(self, row: IntArray, value: FloatArray) -> npt.NDArray[np.uint8]:
        """Tell over, between and back readings apart; NaN is between."""
        signed = self.sign[row] * value
        limit = self.limit[row, 0]
        back = signed <= limit - self.deadband[row]
        return np.where(signed > limit, OVER, np.where(back, BACK, BETWEEN)).astype(
            np.uint8
        )
