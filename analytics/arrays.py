"""The array types that every function here takes and returns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
"""Instants are microseconds since 1970 UTC, lengths of time microseconds. [us]"""
BoolArray = npt.NDArray[np.bool_]
KindArray = npt.NDArray[np.int8]

SECOND = 1_000_000
"""One second. [us]"""
HOUR = 3600 * SECOND
"""One hour. [us]"""
