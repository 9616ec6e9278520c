"""Curves of one day: a value a minute from its begin to its end, both included."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from simulators.site.climate import DAY_S

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array

STEP_S = 60
NODES = DAY_S // STEP_S + 1

Key: TypeAlias = "tuple[str, str]"
"""Code of a device and a metric."""
Curves: TypeAlias = "dict[Key, FloatArray]"
"""Arrays, shape (NODES,), in the units of the metrics."""


def minutes(first_day: int, days: int) -> Int64Array:
    """List the times of the nodes of some days, both ends included. [s]."""
    count = days * (NODES - 1) + 1
    return first_day * DAY_S + STEP_S * np.arange(count, dtype=np.int64)
