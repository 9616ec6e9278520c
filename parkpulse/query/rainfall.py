"""The rain that a gauge's readings tell of, whichever way it counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from analytics import rain
from parkpulse.model import instants

if TYPE_CHECKING:
    from analytics.rain import Increments
    from parkpulse.model.packed import FloatArray, Int64Array


class Gauge(Protocol):
    """What must be known of a rain gauge's series."""

    @property
    def kind(self) -> str:
        """`interval` or, of a register, `counter`."""
        ...

    @property
    def report_interval_s(self) -> int:
        """How often it reports. [s]."""
        ...

    @property
    def modulus(self) -> float | None:
        """Value at which a register rolls over; None for never. [mm]."""
        ...


def increments(gauge: Gauge, ts: Int64Array, value: FloatArray) -> Increments:
    """Rain between the readings of a gauge.

    Parameters
    ----------
    gauge
        How it counts.
    ts, value : arrays, shape (n,)
        Times, rising [us since 1970 UTC], and readings [mm].
    """
    if gauge.kind == "interval":
        interval = gauge.report_interval_s * instants.SECOND
        return rain.from_intervals(ts, value, interval)
    resets = rain.daily_resets(int(ts[0]), int(ts[-1])) if len(ts) else None
    modulus = gauge.modulus or math.inf
    return rain.from_register(ts, value, modulus=modulus, resets=resets)
