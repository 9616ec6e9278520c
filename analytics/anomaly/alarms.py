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
"""What the largest surprise exceeds in `_SHARE` of the rows if all tails are right."""
_SHARE = 0.02
_IN_EVENT = 0.1
"""Readings of an event in progress count so much as usual ones."""
_HOLD, _REST = 0.7, 0.03
"""An event lasts while its level is reached to `_HOLD`, then for this share of the
readings seen, between 60 and 400."""
_MARGIN, _GROWTH = 0.3, 0.3
"""By how much an event must grow to be told again."""
_ARMED = 1.7
_LEVELS = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
_REPEATS, _AGE, _YOUNG, _EARLY = 0.5, 0.8, 500.0, 1.5
OLD, NEW_AGE = 5000.0, 0.7
"""Readings from which on nothing more is asked for age but of an alarm: else a series
that is watched for long would tell of ever less. What is asked more of the evidence of
novelty at a tenfold age."""
_SUSPECT, _ALARM = 1.75, 5.3
"""Levels of the scores 0.9 and 0.99."""
_RARE, _RARE_LASTING, _SHORT, _KNOWN = 2.55, 2.15, 2.3, 550.0
"""Levels of an alarm from a single reading and from a lasting change; how much more is
asked of fewer than `_KNOWN` readings."""
_COMPARABLE, _SELDOM, _SELDOM_LASTING, _FORGOTTEN = 3.4, 1.1e-3, 1.8e-3, 20000.0
"""An alarm is for what is seldom in its own series: no more events a reading than this
came within `_COMPARABLE` of its level, of those not yet forgotten."""
_BELOW_ALARM = 5.29
_NEW, _NEW_ALARM, _SELDOM_TOLD = 2.85, 4.5, 2.5e-3
"""Evidence that a value is new for the scores 0.9 and 0.99; the latter only if there
were no more events a reading than this before."""
_OFTEN, _RECENT = 0.3, 6000.0
"""What is asked more of a series that was told 10 times within so many readings."""
_BELOW_TWO = 1.99
_GRADES = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 2.0])
_LOUD = 6.0
_QUIET, _DAMPED = 60.0, 0.3
"""An event is scored lower for so many readings, unless it reaches a higher grade, of
which the last but one is a score of 0.9."""


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
    n = state["n"]
    age = np.log(np.maximum(np.minimum(n, OLD) / _YOUNG, 1.0))
    early = _EARLY * np.maximum(1.0 - n / _YOUNG, 0.0)
    fewer: FloatArray = (
        level - early - (_REPEATS * np.log(1.0 + reached) + _AGE * age) / _LOG10
    )
    return fewer


def remember(state: Columns, level: FloatArray, new: BoolArray) -> None:
    """Count the begin of an event at its level."""
    events = state["events"]
    for row, least in enumerate(_LEVELS):
        most = np.inf if row == len(_LEVELS) - 1 else least + 0.5
        inside = new & (level >= least) & (level < most)
        events[row] = events[row] * (1.0 - 1.0 / 20000.0) + inside


def onset(state: Columns, level: FloatArray, lasting: BoolArray) -> FloatArray:
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
    emitted = np.where(new, raised, np.minimum(raised, 1.0))
    graded = grade(state, level, emitted, lasting)
    remember(state, level, armed)
    return graded


def grade(
    state: Columns, level: FloatArray, emitted: FloatArray, lasting: BoolArray
) -> FloatArray:
    """Raise to an alarm what is seldom in its own series, keep all else below.

    How a tail goes on beyond what a series has shown cannot be known; how often it has
    come near can. So a heavy tail quiets itself, and a first strong event is told. What
    several readings agree on (`lasting`) needs less than one that may be an outlier.
    """
    n = state["n"]
    least = np.minimum(level - _COMPARABLE, _LEVELS[-1])
    seen = n * 0.0
    for band, count in zip(_LEVELS, state["events"], strict=True):
        seen += np.where(least <= band + 0.25, count, 0.0)
    short = _SHORT * np.log(np.maximum(_KNOWN / np.maximum(n, 1.0), 1.0))
    short += _AGE * _beyond_old(n)
    most = np.where(lasting, _SELDOM_LASTING, _SELDOM)
    rare = np.where(lasting, _RARE_LASTING, _RARE)
    alarm = (seen <= most * np.minimum(n, _FORGOTTEN)) & (emitted >= rare + short)
    return np.where(alarm, emitted - rare + _ALARM, np.minimum(emitted, _BELOW_ALARM))


def _beyond_old(n: FloatArray) -> FloatArray:
    """Tens by which a series is older than `OLD`: of an alarm age asks ever more."""
    tens: FloatArray = np.log(np.maximum(n / OLD, 1.0)) / _LOG10
    return tens


def nines(
    state: Columns, level: FloatArray, evidence: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Map a surprise, and the evidence of novelty, to nines: 1 is 0.9, 2 is 0.99.

    Of a series that was told often, more is asked; 0.99 for novelty comes only where
    events are seldom. Below 0.9 novelty says little: a mildly new value is a usual one.
    """
    often = _OFTEN * np.log(1.0 + state["tellings"]) / _LOG10
    rare = 1.0 + (level - _SUSPECT) / (_ALARM - _SUSPECT)
    rare = np.where(level < _SUSPECT, level / _SUSPECT, rare)
    rare = np.where(level < _ALARM, rare - often, rare)
    left = evidence - often
    new = 1.0 + (left - _NEW) / (_NEW_ALARM - _NEW)
    strong = np.maximum(state["tellings"], state["events"].sum(axis=0) - 1.0)
    seldom = strong <= _SELDOM_TOLD * np.minimum(state["n"], _RECENT)
    seldom &= left >= _NEW_ALARM + NEW_AGE * _beyond_old(state["n"])
    new = np.where(seldom, new, np.minimum(new, _BELOW_TWO))
    mild = np.maximum(left, 0.0) / _NEW
    return rare, np.where(left < _NEW, mild * mild, new)


def tell(state: Columns, level: FloatArray) -> FloatArray:
    """Keep the level, in nines, where an event reaches a higher grade; else damp it."""
    fresh = state["since"] >= _QUIET
    told = np.where(fresh, 0.0, state["told"])
    grade = np.searchsorted(_GRADES, level, side="right").astype(np.float64)
    is_new = (grade > 0.0) & (grade > told)
    state["since"] = np.where(is_new, 1.0, state["since"] + 1.0)
    state["told"] = np.where(is_new, grade, told)
    begins = is_new & (grade >= _LOUD) & (told < _LOUD)
    state["tellings"] = state["tellings"] * (1.0 - 1.0 / _RECENT) + begins
    return np.where((grade > 0.0) & ~is_new, _DAMPED * np.minimum(level, 1.0), level)


def score(level: FloatArray) -> FloatArray:
    """Map nines to [0, 1]: 1 to 0.9, 2 to 0.99."""
    return 1.0 - np.exp(np.maximum(level, 0.0) * -_LOG10)
