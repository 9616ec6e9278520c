"""Computes conditions from the stored readings, from any point in the past on.

Where a condition stood before that point is known from the recorded intervals, so that
only the readings around what has arrived are read. The computation ends where it meets
what was recorded: once a reading is reached after which nothing can differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec.structs import replace

from analytics import thresholds
from analytics.thresholds import NEVER
from parkpulse.model import instants
from parkpulse.query import terms
from parkpulse.store import conditions, windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analytics.thresholds import BoolArray, FloatArray, IntArray, Structured
    from parkpulse.engine.alerts_watch import Watch
    from parkpulse.model.alert import Severity
    from parkpulse.model.condition import Interval
    from parkpulse.model.definitions import Definition
    from parkpulse.store.pool import Connection
    from parkpulse.store.windows import Reach, Windows

LOOKAHEAD = instants.DAY
"""How far beyond late readings the computation first goes to meet the record. [us]"""


@dataclass(frozen=True, slots=True)
class Touched:
    """Rows of which readings have come, and when these are; arrays of shape (k,).

    Parameters
    ----------
    row
        Rows of the watch, each once.
    first, last
        Oldest and newest of the times. [us]
    to_end
        Whether the newest reading of the series may be among them.
    clock
        Park's clock of each row. [us]
    """

    row: IntArray
    first: IntArray
    last: IntArray
    to_end: BoolArray
    clock: IntArray

    def __len__(self) -> int:
        return len(self.row)

    def where(self, mask: BoolArray) -> Touched:
        """Return some of them."""
        return Touched(
            self.row[mask],
            self.first[mask],
            self.last[mask],
            self.to_end[mask],
            self.clock[mask],
        )


class Answer(NamedTuple):
    """Intervals of a row over the same span of time."""

    row: int
    clock: int
    old: list[Interval]
    new: list[Interval]


def evaluate(conn: Connection, watch: Watch, touched: Touched) -> list[Answer]:
    """Compute the conditions of rows, and keep the states of those followed to the end.

    Returns
    -------
    list
        One for each row that has any interval, recorded or computed.
    """
    answers: list[Answer] = []
    while len(touched):
        pass_ = _Pass(conn, watch, touched)
        answers += pass_.answers()
        ended = touched.to_end
        watch.keep(touched.row[ended], pass_.state[ended])
        touched = touched.where(~pass_.is_settled)
        touched.to_end[:] = True
    return answers


class _Pass:
    """One look at the rows' windows."""

    def __init__(self, conn: Connection, watch: Watch, touched: Touched) -> None:
        self._watch = watch
        self._touched = touched
        limits = watch.limits.take(touched.row)
        found = _read(conn, watch, touched)
        is_before = found.ts < touched.first[found.position]
        since = touched.first - 1
        since[found.position[is_before]] = found.ts[is_before]
        scored = _Scored(watch, touched, found, since)
        is_before &= scored.is_whole
        before = _part(scored.windows, is_before)
        after = _part(scored.windows, (found.ts >= touched.first[found.position]))
        self.old = self._recorded(conn, since)
        state = self._known_at(since)
        state = thresholds.resume(limits, state, *before)
        state, first = thresholds.advance(limits, state, *after)
        now = np.where(touched.to_end, touched.clock, NEVER)
        self.state, second = thresholds.expire(limits, state, now)
        self._since = since
        self._transitions = _by_row(scored.shown(np.concatenate([first, second])))
        self.is_settled = touched.to_end | self._meets_record()

    def _definition(self, index: int) -> Definition:
        row = int(self._touched.row[index])
        return self._watch.entries[row].terms.definition

    def _recorded(self, conn: Connection, since: IntArray) -> list[list[Interval]]:
        keys = [self._watch.entries[row].origin.key for row in self._touched.row]
        found = conditions.overlapping(
            conn, dict(zip(keys, since.tolist(), strict=True))
        )
        return [found[key] for key in keys]

    def _known_at(self, since: IntArray) -> Structured:
        state = thresholds.initial(len(since))
        for index, intervals in enumerate(self.old):
            active = at(intervals, int(since[index]))
            if active is not None:
                severity = active.steps[-1].severity
                state["level"][index] = _level(self._definition(index), severity)
                state["onset"][index] = active.onset
                state["raised"][index] = active.raised
        return state

    def _meets_record(self) -> BoolArray:
        """Tell where the record goes on from the newest reading of the window."""
        span = self._watch.reach.span[self._touched.row]
        met: BoolArray = self.state["last_ts"] > self._touched.last + span
        met &= ~thresholds.is_waiting(self.state)
        for index, intervals in enumerate(self.old):
            active = at(intervals, int(self.state["last_ts"][index]))
            level = 0
            if active is not None:
                level = _level(self._definition(index), active.severity)
            met[index] &= level == self.state["level"][index]
        return met

    def answers(self) -> list[Answer]:
        """Return recorded and computed intervals of the rows that are settled."""
        return [
            self._answer(index)
            for index in np.flatnonzero(self.is_settled).tolist()
            if self.old[index] or index in self._transitions
        ]

    def _answer(self, index: int) -> Answer:
        old = self.old[index]
        new = terms.computed(
            at(old, int(self._since[index])),
            self._transitions.get(index, ()),
            self._definition(index),
        )
        if not self._touched.to_end[index]:
            old, new = _joined(old, new, int(self.state["last_ts"][index]))
        touched = self._touched
        return Answer(int(touched.row[index]), int(touched.clock[index]), old, new)


def _read(conn: Connection, watch: Watch, touched: Touched) -> Windows:
    rows = touched.row
    stop = np.where(
        touched.to_end,
        windows.FOREVER_US,
        np.minimum(
            touched.last + watch.reach.span[rows] + LOOKAHEAD, windows.FOREVER_US
        ),
    )
    reach = windows.Reach(*(each[rows] for each in watch.reach))
    return windows.read(conn, watch.series[rows], touched.first, reach, stop)


class _Scored:
    """Windows with scores in the place of the values of derived rows."""

    def __init__(
        self, watch: Watch, touched: Touched, found: Windows, since: IntArray
    ) -> None:
        self._raw = found
        self._shown: dict[int, tuple[slice, FloatArray]] = {}
        value = found.value.copy()
        self.is_whole = np.ones(len(value), np.bool_)
        """Whether all is known that a score depends on, for each reading."""
        for index in np.flatnonzero(watch.is_derived[touched.row]).tolist():
            row = int(touched.row[index])
            mine = slice(*np.searchsorted(found.position, [index, index + 1]))
            ts = found.ts[mine]
            if touched.to_end[index]:
                watch.keep_tail(row, ts, found.value[mine])
            signal = watch.entries[row].terms.signal
            if signal is not None:
                scores = signal.apply(ts, found.value[mine])
                value[mine] = scores.score
                self._shown[index] = mine, scores.shown
            whole = _whole_from(watch.reach, row, ts, int(since[index]))
            self.is_whole[mine] = ts >= whole
        self.windows = windows.Windows(found.position, found.ts, value)

    def shown(self, transitions: Structured) -> Structured:
        """Put what people are shown into the place of scores."""
        for each in transitions:
            if int(each["row"]) in self._shown:
                mine, shown = self._shown[int(each["row"])]
                # What holds at a time is the newest reading up to it.
                at = np.searchsorted(self._raw.ts[mine], each["ts"], "right") - 1
                each["value"] = shown[at]
        return transitions


def _whole_from(reach: Reach, row: int, ts: IntArray, newest: int) -> int:
    """Return from when on the scores of a row's window are right. [us]."""
    before = ts[ts <= newest]
    if not len(before):
        return NEVER
    counted = before[max(len(before) - int(reach.samples[row]), 0)]
    return min(newest - int(reach.back[row]), int(counted))


def _part(found: Windows, mask: BoolArray) -> Windows:
    return windows.Windows(found.position[mask], found.ts[mask], found.value[mask])


def _by_row(transitions: Iterable[np.void]) -> dict[int, list[np.void]]:
    found: dict[int, list[np.void]] = {}
    for each in transitions:
        found.setdefault(int(each["row"]), []).append(each)
    return found


def _level(definition: Definition, severity: Severity) -> int:
    severities = [each.severity for each in definition.levels]
    return severities.index(definition.level(severity).severity) + 1


def at(intervals: Sequence[Interval], ts: int) -> Interval | None:
    """Return the condition that is there at a time, as was known then."""
    for each in intervals:
        if each.raised <= ts and (each.cleared is None or each.cleared > ts):
            steps = tuple(step for step in each.steps if step.ts <= ts)
            return replace(each, cleared=None, steps=steps)
    return None


def _joined(
    old: list[Interval], new: list[Interval], ts: int
) -> tuple[list[Interval], list[Interval]]:
    """Let computed intervals go on after a time as the recorded ones do."""
    old = [each for each in old if each.raised <= ts]
    if new and new[-1].cleared is None:
        rest = old[-1]
        steps = tuple(step for step in rest.steps if step.ts > ts)
        last = replace(new[-1], steps=(*new[-1].steps, *steps), cleared=rest.cleared)
        new = [*new[:-1], last]
    return old, new
