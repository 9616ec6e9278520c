"""Threshold conditions with levels, deadband and delays, in event time.

The definition. A reading is *over* when it lies strictly beyond the limit of the
first level, *back* when it lies at or inside that limit less the deadband, and
*between* otherwise. Consecutive readings of one kind are a run. A reading holds until
the next one or for `hold` (2.5 report intervals), whichever is sooner.

* A run of over readings that starts at `t0` (the onset) raises at `t0 + on_delay`, if a
  reading of the run holds then; if all have lapsed by then, at the next reading of the
  run. A reading that is not over at or before that moment ends the run: nothing is
  raised.
* A run of back readings clears in the same way, with `off_delay`.
* Where a delay counts readings too (`on_samples`, `off_samples`), it ends not before so
  many readings of the run.
* The condition is a latch that these two set and reset.
* At the raise its level is the highest whose limit the reading is beyond. From then on
  each reading that is not back moves the level: up at once, down from a level whose
  limit less the deadband it does not pass. While readings are back the level stays,
  until the condition is cleared.

So the result is a function of the sorted readings and, for what is due after the newest
one, of a clock. `advance` and `expire` compute it from any point onwards with the state
of that point: one reading at a time, in batches, or all at once, with the same result.

Many series are computed at once; *rows* number (rule, series) pairs.

References
----------
.. [1] ANSI/ISA-18.2, "Management of Alarm Systems for the Process Industries":
   deadband, on-delay and off-delay.
"""

from __future__ import annotations

import numpy as np

from analytics import threshold_runs
from analytics.threshold_limits import (
    BACK,
    BETWEEN,
    CLEAR,
    FOREVER,
    NEVER,
    OVER,
    RAISE,
    SEVERITY,
    STATE,
    TRANSITION,
    UNKNOWN,
    BoolArray,
    FloatArray,
    IntArray,
    Limits,
    Structured,
)

__all__ = [
    "BACK",
    "BETWEEN",
    "CLEAR",
    "FOREVER",
    "NEVER",
    "OVER",
    "RAISE",
    "SEVERITY",
    "STATE",
    "TRANSITION",
    "UNKNOWN",
    "BoolArray",
    "FloatArray",
    "IntArray",
    "Limits",
    "Structured",
    "advance",
    "deadline",
    "expire",
    "initial",
    "is_waiting",
    "resume",
]


def initial(n: int) -> Structured:
    """Return the state of n rows before their first reading."""
    state = np.zeros(n, STATE)
    for name in ("last_ts", "run_ts", "onset", "raised", "fired"):
        state[name] = NEVER
    return state


def advance(
    limits: Limits, state: Structured, row: IntArray, ts: IntArray, value: FloatArray
) -> tuple[Structured, Structured]:
    """Carry rows over further readings.

    Parameters
    ----------
    limits
        Of n rows.
    state : array of STATE, shape (n,)
        State of each row before the readings; not changed.
    row : array, shape (k,)
        Row of each reading, sorted.
    ts : array, shape (k,)
        Observed times, rising within a row and after the row's newest. [us]
    value : array, shape (k,)
        Values in the unit of the limits.

    Returns
    -------
    state : array of STATE, shape (n,)
        State of each row after its newest reading.
    transitions : array of TRANSITION
        Sorted by row, then time.
    """
    state = state.copy()
    if not len(row):
        return state, np.zeros(0, TRANSITION)
    readings = threshold_runs.with_heads(limits, state, row, ts, value)
    runs = threshold_runs.find_runs(state, readings)
    latch = threshold_runs.set_latch(
        state, readings, runs, threshold_runs.find_events(limits, readings, runs)
    )
    level = threshold_runs.find_levels(limits, state, readings, latch)
    transitions = threshold_runs.list_transitions(readings, runs, latch, level)
    threshold_runs.settle(state, readings, runs, latch, level)
    return state, transitions


def expire(
    limits: Limits, state: Structured, now: IntArray
) -> tuple[Structured, Structured]:
    """Carry rows over the delays that end without a reading.

    Parameters
    ----------
    limits, state
        Of n rows; `state` is not changed.
    now : array, shape (n,)
        Clock of each row. [us]

    Returns
    -------
    state, transitions
        As of `advance`.
    """
    state = state.copy()
    due = deadline(limits, state)
    row = np.flatnonzero(due <= now)
    over = state["run"][row] == OVER
    level = np.where(over, limits.levels_passed(state["value"])[row], 0)
    found = np.zeros(len(row), TRANSITION)
    found["row"], found["ts"] = row, due[row]
    found["kind"], found["level"] = np.where(over, RAISE, CLEAR), level
    found["value"] = state["value"][row]
    found["onset"] = np.where(over, state["run_ts"][row], NEVER)
    state["level"][row], state["fired"][row] = level, due[row]
    raised = row[over]
    state["onset"][raised], state["raised"][raised] = (
        state["run_ts"][raised],
        due[raised],
    )
    return state, found


def deadline(limits: Limits, state: Structured) -> IntArray:
    """Return when `expire` has something to do for each row, or FOREVER. [us]."""
    delay = np.where(state["run"] == OVER, limits.on_delay, limits.off_delay)
    wanted = limits.samples(np.arange(len(state)), state["run"] == OVER)
    with np.errstate(over="ignore"):
        due = state["run_ts"] + delay
        holds = due <= state["last_ts"] + limits.hold
    # With too few readings the next one decides.
    holds &= state["run_length"] >= wanted
    return np.where(is_waiting(state) & holds, due, FOREVER)


def is_waiting(state: Structured) -> BoolArray:
    """Whether a delay has begun and not ended for each row.

    Where not, nothing but the level and the kind of the newest reading matters from now
    on.
    """
    over, back = state["run"] == OVER, state["run"] == BACK
    active = state["level"] > 0
    waiting: BoolArray = (over & ~active) | (back & active)
    return waiting


def resume(
    limits: Limits, state: Structured, row: IntArray, ts: IntArray, value: FloatArray
) -> Structured:
    """Make the state after given readings from the condition that is known then.

    Parameters
    ----------
    limits
        Of n rows.
    state : array of STATE, shape (n,)
        `level`, `onset` and `raised` are right; the rest is what shall be found.
    row, ts, value : arrays, shape (k,)
        Readings up to that moment, as in `advance`, reaching back by at least the
        longer delay before the newest of each row. A row without any is left as it is.

    Returns
    -------
    array of STATE, shape (n,)
        State after the newest reading of each row.
    """
    state = state.copy()
    if not len(row):
        return state
    kind = limits.kind(row, value)
    first = threshold_runs.changes(row)
    starts = first | threshold_runs.changes(kind)
    last = np.append(np.flatnonzero(first)[1:], len(row)) - 1
    start = np.maximum.accumulate(np.where(starts, np.arange(len(row)), 0))[last]
    rows = row[last]
    state["last_ts"][rows], state["value"][rows] = ts[last], value[last]
    state["run"][rows], state["run_ts"][rows] = kind[last], ts[start]
    state["run_length"][rows] = last - start + 1
    return state
