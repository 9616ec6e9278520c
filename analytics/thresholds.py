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

from dataclasses import dataclass
from typing import Any

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
    readings = _with_heads(limits, state, row, ts, value)
    runs = _runs(state, readings)
    latch = _latch(state, readings, runs, _events(limits, readings, runs))
    level = _levels(limits, state, readings, latch)
    transitions = _transitions(readings, runs, latch, level)
    _settle(state, readings, runs, latch, level)
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
    found["value"], found["onset"] = state["value"][row], state["run_ts"][row]
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
    first = _changes(row)
    starts = first | _changes(kind)
    last = np.append(np.flatnonzero(first)[1:], len(row)) - 1
    start = np.maximum.accumulate(np.where(starts, np.arange(len(row)), 0))[last]
    rows = row[last]
    state["last_ts"][rows], state["value"][rows] = ts[last], value[last]
    state["run"][rows], state["run_ts"][rows] = kind[last], ts[start]
    state["run_length"][rows] = last - start + 1
    return state


@dataclass(frozen=True, slots=True)
class _Readings:
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
class _Runs:
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
class _Events:
    """What each run brings about, whether or not the latch stands so already."""

    happens: BoolArray
    ts: IntArray
    cause: IntArray
    """Index of the reading that holds at that time."""


@dataclass(frozen=True, slots=True)
class _Latch:
    """The condition, run by run and reading by reading."""

    flips: BoolArray
    """Whether the run's event changes the latch."""
    event: _Events
    after: BoolArray
    """Whether the condition is there at the end of the run."""
    active: BoolArray
    """Whether the condition is there after each reading."""


def _changes(values: npt.NDArray[Any]) -> BoolArray:
    found = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def _with_heads(
    limits: Limits, state: Structured, row: IntArray, ts: IntArray, value: FloatArray
) -> _Readings:
    present = row[_changes(row)]
    known = present[state["run"][present] != UNKNOWN]
    rows = np.concatenate([known, row])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    values = np.concatenate([state["value"][known], value])[order]
    return _Readings(
        row=rows,
        ts=np.concatenate([state["last_ts"][known], ts])[order],
        value=values,
        kind=limits.kind(rows, values),
        is_head=order < len(known),
        first=_last_true(_changes(rows)),
    )


def _last_true(marks: BoolArray) -> IntArray:
    """Index of the last True up to each element, -1 before the first."""
    return np.maximum.accumulate(np.where(marks, np.arange(len(marks)), -1))


def _runs(state: Structured, readings: _Readings) -> _Runs:
    starts = _changes(readings.row) | _changes(readings.kind)
    start = np.flatnonzero(starts)
    row = readings.row[start]
    return _Runs(
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


def _events(limits: Limits, readings: _Readings, runs: _Runs) -> _Events:
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
    return _Events(
        happens=(runs.kind != BETWEEN) & (in_time | has_late),
        ts=np.where(in_time, due, readings.ts[cause]),
        cause=cause,
    )


def _next_ts(
    readings: _Readings, runs: _Runs, late: IntArray, has_late: BoolArray
) -> IntArray:
    """When the reading that is in force at the end of the delay is replaced."""
    count = len(readings)
    following = np.where(has_late, late, runs.end)
    index = np.minimum(following, count - 1)
    same_row = (following < count) & (readings.row[index] == runs.row)
    # Whether an unfinished run's delay passes is for `expire` to say.
    return np.where(same_row, readings.ts[index], NEVER)


def _latch(
    state: Structured, readings: _Readings, runs: _Runs, event: _Events
) -> _Latch:
    """Carry the condition from run to run: set by over, reset by back ones."""
    at_first = _changes(runs.row)
    initially = state["level"][runs.row] > 0
    decisive = _last_true(event.happens)
    known = decisive >= _last_true(at_first)
    after = np.where(known, runs.kind[decisive] == OVER, initially)
    before = np.where(at_first, initially, np.roll(after, 1))
    came = event.happens[runs.of] & (readings.ts >= event.ts[runs.of])
    return _Latch(
        flips=event.happens & (before != after),
        event=event,
        after=after,
        active=np.where(came, after[runs.of], before[runs.of]),
    )


def _levels(
    limits: Limits, state: Structured, readings: _Readings, latch: _Latch
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


def _transitions(
    readings: _Readings, runs: _Runs, latch: _Latch, level: IntArray
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


def _settle(
    state: Structured, readings: _Readings, runs: _Runs, latch: _Latch, level: IntArray
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
