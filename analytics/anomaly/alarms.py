"""From the surprise of many streams to one score, and one alarm for one event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.anomaly.layout import Columns
    from analytics.arrays import BoolArray, FloatArray

_LOG10 = 2.302585092994046
_USUAL_THRESHOLD = 1.7
_USUAL_EXCESS = 1.0 / _LOG10
_SHARE = 0.02
_ARMED = 1.7
_LEVELS = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
_IN_EVENT = 0.1
_HOLD = 0.7
_MARGIN = 0.5
_GROWTH = 0.3
_REST = 0.03
_SUPPORT = 0.0
_REPEATS = 0.5
_AGE = 0.8
_YOUNG = 400.0


def together(level: FloatArray, largest: FloatArray) -> FloatArray:
    """Add what the other streams say to the largest surprise."""
    rest = -largest
    for row in level:
        rest += np.maximum(row - 1.0, 0.0)
    return largest + _SUPPORT * np.maximum(rest, 0.0)


def common(state: Columns, level: FloatArray, quiet: FloatArray) -> FloatArray:
    """Correct the largest surprise by how often such ones came in this series."""
    over = level > state["common_threshold"]
    quiet = quiet * np.where(state["peak"] > 0.0, _IN_EVENT, 1.0)
    threshold = np.maximum(state["common_threshold"], _USUAL_THRESHOLD)
    stretch = np.maximum(state["common_excess"], _USUAL_EXCESS) / _USUAL_EXCESS
    corrected = _USUAL_THRESHOLD + (level - threshold) / stretch
    excess = np.minimum(level - state["common_threshold"], 3.0)
    step = 0.02 * over * quiet
    state["common_excess"] += step * (excess - state["common_excess"])
    moved = state["common_threshold"] + quiet * 0.05 * (over - _SHARE)
    state["common_threshold"] = np.maximum(moved, 1.0)
    return np.minimum(corrected, level)


def habit(state: Columns, level: FloatArray) -> FloatArray:
    """Lower the level by how often this series has reached it, and by its age."""
    reached = state["events"][0] * 0.0
    for least, count in zip(_LEVELS, state["events"], strict=True):
        reached += np.where(level <= least + 0.5, count, 0.0)
    age = np.log(np.maximum(state["n"] / _YOUNG, 1.0))
    return level - (_REPEATS * np.log(1.0 + reached) + _AGE * age) / _LOG10


def remember(state: Columns, level: FloatArray, new: BoolArray) -> None:
    """Count the begin of an event at its level."""
    events = state["events"]
    for row, least in enumerate(_LEVELS):
        most = np.inf if row == len(_LEVELS) - 1 else least + 0.5
        inside = new & (level >= least) & (level < most)
        events[row] = events[row] * (1.0 - 1.0 / 20000.0) + inside


def onset(state: Columns, level: FloatArray) -> FloatArray:
    """Keep the level where an event begins or grows much, damp it where it goes on."""
    rest = np.clip(_REST * state["n"], 60.0, 400.0)
    top, age = state["peak"], state["fade"]
    peak = top * np.maximum(1.0 - age / rest, 0.0)
    raised = habit(state, level)
    new = level > peak + np.maximum(_MARGIN, _GROWTH * peak) * (peak > 0.0)
    armed = new & (level >= _ARMED)
    goes_on = (level >= _HOLD * top) & (peak > 0.0)
    state["peak"] = np.where(armed, level, np.where(peak > 0.0, top, 0.0))
    state["fade"] = np.where(armed | goes_on, 0.0, age + 1.0)
    remember(state, level, armed)
    return np.where(new, raised, np.minimum(raised, 1.0))


def score(level: FloatArray) -> FloatArray:
    """Map a surprise to [0, 1]: 1 in 100 rows is 0.9, 1 in 10,000 rows 0.99."""
    return 1.0 - np.exp(np.maximum(level, 0.0) * (-0.5 * _LOG10))
