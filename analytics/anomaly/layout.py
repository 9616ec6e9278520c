"""Names of the numbers that a series' state holds, and access to them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.arrays import FloatArray

STREAMS = (
    "residual",
    "value",
    "mean_4",
    "mean_16",
    "mean_64",
    "mean_256",
    "variation",
    "activity_6",
    "activity_24",
)
"""What is watched, each upwards and downwards."""
SINGLE = 2
"""The first of them speak of one reading, the others of what lasts."""
TAILS = 2 * len(STREAMS)
PREDICTORS = 7

FIELDS = {
    "n": 1,  # readings used so far
    "late": 1,  # readings in a row that were older than the newest
    "ts": 1,  # time of the newest reading [us]
    "interval": 1,  # usual time between readings [us]
    "reference": 1,  # first value; everything below is relative to it ...
    "unit": 1,  # ... and in this unit, the size of the first value that is not 0
    "x": 1,  # newest value
    "before": 1,  # residual of the newest value from the daily profile
    "before_week": 1,
    "fast": 1,
    "medium": 1,
    "slow": 1,
    "trend": 1,
    "offset": 1,
    "step": 1,  # usual size of a difference, and of one that is not 0
    "step_not_zero": 1,
    "jitter": 1,  # the same over the last few readings
    "scale": 1,  # usual size of the residual
    "spread": 1,  # usual distance from the profile
    "spread_not_zero": 1,
    "run": 1,  # equal values in a row, the longest such run, its begins
    "longest": 1,
    "begins": 1,
    "goes_on": 1,
    "runs": 1,
    "error": PREDICTORS,
    "profile_error": 3,
    "mean": 4,
    "activity": 2,
    "last": len(STREAMS),
    "move": len(STREAMS),
    "size": len(STREAMS),
    "centre": len(STREAMS),
    "log_threshold": TAILS,
    "rate": TAILS,
    "excess": TAILS,
    "excesses": TAILS,
    "ratio": TAILS,
    "ratio_square": TAILS,
    "large": len(STREAMS),
    "record": TAILS,
    "record_age": TAILS,
    "common_threshold": 1,
    "common_excess": 1,
    "events": 7,
    "peak": 1,
    "fade": 1,
    "gap": 1,  # least distance of two remembered values
    "told": 1,  # last score of `alarms.SUSPECT` or more, as a number of nines ...
    "since": 1,  # ... and the readings since it
    "tellings": 1,  # how many there were, slowly forgotten
}
WIDTH = sum(FIELDS.values())


def _slices() -> dict[str, int | slice]:
    places: dict[str, int | slice] = {}
    start = 0
    for name, width in FIELDS.items():
        places[name] = start if width == 1 else slice(start, start + width)
        start += width
    return places


PLACES = _slices()


class Columns:
    """State of `m` series as an array of shape (WIDTH, m), read and written by name."""

    __slots__ = ("block",)

    def __init__(self, block: FloatArray) -> None:
        self.block = block

    def __getitem__(self, name: str) -> FloatArray:
        return np.asarray(self.block[PLACES[name]])

    def __setitem__(self, name: str, values: FloatArray) -> None:
        self.block[PLACES[name]] = values
