"""Runs of readings of one kind, and the latch that they set and reset.

The inner part of `analytics.thresholds`, which defines what is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.threshold_limits import (
    BACK,
    BETWEEN,
    CLEAR,
    NEVER,
    OVER,
    RAISE,
    SEVERITY,
    TRANSITION,
    UNKNOWN,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from analytics.threshold_limits import (
        BoolArray,
        FloatArray,
        IntArray,
        Limits,
        Structured,
    )


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of all rows, each row headed by the newest that its state knows."""

    row: IntArray
    ts: IntArray
    value: FloatArray
    kind: npt.NDArray[np.uint8]
    is_head: BoolArray
    first: IntArray
    """Index of the first reading of each reading's row."""

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of the readings [start, end)."""

    of: IntArray
    """Run of each reading."""
    start: IntArray
    end: IntArray
    row: IntArray
    kind: npt.NDArray[np.uint8]
    onset: IntArray
    """When the run began, before its head if it was carried over. [us]"""
    carried: IntArray
    """Readings of the run before its first one here."""


@dataclass(frozen=True, slots=True)
class Events:
    """What each run brings about, whether or not the latch stands so already."""

    happens: BoolArray
    ts: IntArray
    cause: IntArray
    """Index of the reading that holds at that time."""


@dataclass(frozen=True, slots=True)
class Latch:
    """The condition, run by run and reading by reading."""

    flips: BoolArray
    """Whether the run's event changes the latch."""
    event: Events
    after: BoolArray
    """Whether the condition is there at the end of the run."""
    active: BoolArray
    """Whether the condition is there after each reading."""


def changes(values: npt.NDArray[Any]) -> BoolArray:
    """Tell which elements differ from the one before; the first does."""
    found = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def with_heads(
    limits: Limits, state: Structured, row: IntArray, ts: IntArray, value: FloatArray
) -> Readings:
    """Put before each row's readings the newest that its state knows."""
    present = row[changes(row)]
    known = present[state["run"][present] != UNKNOWN]
    rows = np.concatenate([known, row])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    values = np.concatenate([state["value"][known], value])[order]
    return Readings(
        row=rows,
        ts=np.concatenate([state["last_ts"][known], ts])[order],
        value=values,
        kind=limits.kind(rows, values),
        is_head=order < len(known),
        first=_last_true(changes(rows)),
    )


def _last_true(marks: BoolArray) -> IntArray:
    """Index of the last True up to each element, -1 before the first."""
    return np.maximum.accumulate(np.where(marks, np.arange(len(marks)), -1))


def find_runs(state: Structured, readings: Readings) -> Runs:
    """Join consecutive readings of one row and kind."""
    starts = changes(readings.row) | changes(readings.kind)
    start = np.flatnonzero(starts)
    row = readings.row[start]
    return Runs(
        of=np.cumsum(starts) - 1,
        start=start,
        end=np.append(start[1:], len(readings)),
        row=row,
        kind=readings.kind[start],
        onset=np.where(
            readings.is_head[start], state["run_ts"][row], readings.ts[start]
        ),
        carried=np.where(
            readings.is_head[start], state["run_length"][row].astype(np.int64) - 1, 0
        ),
    )


def find_events(limits: Limits, readings: Readings, runs: Runs) -> Events:
    """Find when the delay of each run ends while a reading of it holds."""
    count = len(readings)
    delay = np.where(
        runs.kind == OVER, limits.on_delay[runs.row], limits.off_delay[runs.row]
    )
    due = runs.onset + delay
    wanted = limits.samples(runs.row, runs.kind == OVER)
    lacking = wanted - runs.carried
    number = np.arange(count) - runs.start[runs.of] + 1
    ripe = (readings.ts >= due[runs.of]) & (number >= lacking[runs.of])
    late = np.where(ripe, np.arange(count), count)
    late = np.minimum.reduceat(late, runs.start)
    has_late = late < runs.end
    before = np.maximum(np.where(has_late, late, runs.end) - 1, runs.start)
    holds = due <= readings.ts[before] + limits.hold[runs.row]
    in_time = holds & (due < _next_ts(readings, runs, late, has_late))
    in_time &= (readings.ts[before] <= due) & (number[before] >= lacking)
    cause = np.where(in_time, before, np.where(has_late, late, before))
    return Events(
        happens=(runs.kind != BETWEEN) & (in_time | has_late),
        ts=np.where(in_time, due, readings.ts[cause]),
        cause=cause,
    )


def _next_ts(
    readings: Readings, runs: Runs, late: IntArray, has_late: BoolArray
) -> IntArray:
    """When the reading that is in force at the end of the delay is replaced."""
    count = len(readings)
    following = np.where(has_late, late, runs.end)
    index = np.minimum(following, count - 1)
    same_row = (following < count) & (readings.row[index] == runs.row)
    # Whether an unfinished run's delay passes is for `expire` to say.
    return np.where(same_row, readings.ts[index], NEVER)


def set_latch(
    state: Structured, readings: Readings, runs: Runs, event: Events
) -> Latch:
    """Carry the condition from run to run: set by over, reset by back ones."""
    at_first = changes(runs.row)
    initially = state["level"][runs.row] > 0
    decisive = _last_true(event.happens)
    known = decisive >= _last_true(at_first)
    after = np.where(known, runs.kind[decisive] == OVER, initially)
    before = np.where(at_first, initially, np.roll(after, 1))
    came = event.happens[runs.of] & (readings.ts >= event.ts[runs.of])
    return Latch(
        flips=event.happens & (before != after),
        event=event,
        after=after,
        active=np.where(came, after[runs.of], before[runs.of]),
    )


def find_levels(
    limits: Limits, state: Structured, readings: Readings, latch: Latch
) -> IntArray:
    """Level that the condition has, or would have, after each reading."""
    signed = limits.sign[readings.row] * readings.value
    raising = np.zeros(len(readings), np.bool_)
    raising[latch.event.cause[latch.flips & latch.after]] = True
    moving = latch.active & ~readings.is_head & (readings.kind != BACK)
    level = np.ones(len(readings), np.int64)
    for each in range(1, limits.limit.shape[1]):
        limit = limits.limit[readings.row, each]
        beyond = signed > limit
        within = signed <= limit - limits.deadband[readings.row]
        kept = readings.is_head & ~raising
        on = (beyond & (moving | raising)) | (
            kept & (state["level"][readings.row] > each)
        )
        said = on | (raising & ~beyond) | (moving & within) | kept
        last = _last_true(said)
        level += (last >= readings.first) & on[last]
    return level


def list_transitions(
    readings: Readings, runs: Runs, latch: Latch, level: IntArray
) -> Structured:
    """List raises, clears and changes of the level in order."""
    flip = np.flatnonzero(latch.flips)
    cause = latch.event.cause[flip]
    flips = np.zeros(len(flip), TRANSITION)
    flips["row"], flips["ts"] = runs.row[flip], latch.event.ts[flip]
    flips["kind"] = np.where(latch.after[flip], RAISE, CLEAR)
    flips["level"] = np.where(latch.after[flip], level[cause], 0)
    flips["value"] = readings.value[cause]
    flips["onset"] = np.where(latch.after[flip], runs.onset[flip], NEVER)
    raised_here = np.zeros(len(readings), np.bool_)
    raised_here[cause[flips["ts"] == readings.ts[cause]]] = True
    moved = latch.active & ~readings.is_head & ~raised_here
    moved &= np.arange(len(readings)) > readings.first
    moved &= level != np.roll(level, 1)
    changed = np.flatnonzero(moved)
    moves = np.zeros(len(changed), TRANSITION)
    moves["row"], moves["ts"] = readings.row[changed], readings.ts[changed]
    moves["kind"], moves["level"] = SEVERITY, level[changed]
    moves["value"], moves["onset"] = readings.value[changed], NEVER
    found = np.concatenate([flips, moves])
    return found[np.lexsort((found["ts"], found["row"]))]


def settle(
    state: Structured, readings: Readings, runs: Runs, latch: Latch, level: IntArray
) -> None:
    """Write the state after the last reading of each row."""
    last = np.flatnonzero(np.append(readings.row[1:] != readings.row[:-1], [True]))
    row, run = readings.row[last], runs.of[last]
    state["last_ts"][row], state["value"][row] = readings.ts[last], readings.value[last]
    state["run"][row], state["run_ts"][row] = runs.kind[run], runs.onset[run]
    state["run_length"][row] = runs.carried[run] + runs.end[run] - runs.start[run]
    state["level"][row] = np.where(latch.active[last], level[last], 0)
    raised = np.flatnonzero(latch.flips & latch.after)
    # Of several raises of one row the last one stays.
    state["onset"][runs.row[raised]] = runs.onset[raised]
    state["raised"][runs.row[raised]] = latch.event.ts[raised]
