"""Threshold conditions: any split of the readings gives the naive loop's result."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics import thresholds
from analytics.thresholds import CLEAR, NEVER, RAISE, SEVERITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.thresholds import Structured


class Rule(NamedTuple):
    """One row's limits, above, in plain numbers."""

    limits: tuple[float, ...]
    deadband: float
    on_delay: int
    off_delay: int
    hold: int


class Transition(NamedTuple):
    """Of one row."""

    ts: int
    kind: int
    level: int
    value: float


Readings = list[tuple[int, float]]


class Naive:
    """The definition, one reading after the other."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.found: list[Transition] = []
        self.level = 0
        self.kind = ""
        self.start = 0
        self.last: tuple[int, float] | None = None

    def run(self, readings: Readings, now: int) -> list[Transition]:
        for ts, value in readings:
            self._read(ts, value)
        self._lapse(now + 1)
        return self.found

    def _kind(self, value: float) -> str:
        if value > self.rule.limits[0]:
            return "over"
        inside = value <= self.rule.limits[0] - self.rule.deadband
        return "back" if inside else "between"

    def _due(self) -> int | None:
        if self.kind == "over" and self.level == 0:
            return self.start + self.rule.on_delay
        if self.kind == "back" and self.level > 0:
            return self.start + self.rule.off_delay
        return None

    def _lapse(self, before: int) -> None:
        """Let pass what is due before a time while the last reading holds."""
        due = self._due()
        if due is None or self.last is None or due >= before:
            return
        if due <= self.last[0] + self.rule.hold:
            self._happen(due, self.last[1])

    def _happen(self, ts: int, value: float) -> None:
        if self.kind == "over":
            self.level = sum(value > limit for limit in self.rule.limits)
            self.found.append(Transition(ts, RAISE, self.level, value))
        else:
            self.level = 0
            self.found.append(Transition(ts, CLEAR, 0, value))

    def _read(self, ts: int, value: float) -> None:
        self._lapse(ts)
        self.last = (ts, value)
        kind = self._kind(value)
        if kind != self.kind:
            self.kind, self.start = kind, ts
        due = self._due()
        if due is not None and due <= ts:
            self._happen(ts, value)
        elif self.level and kind != "back":
            self._move(ts, value)

    def _move(self, ts: int, value: float) -> None:
        beyond = sum(value > limit for limit in self.rule.limits)
        held = sum(value > limit - self.rule.deadband for limit in self.rule.limits)
        level = max(beyond, min(self.level, held))
        if level != self.level:
            self.level = level
            self.found.append(Transition(ts, SEVERITY, level, value))


def limits_of(rules: Sequence[Rule]) -> thresholds.Limits:
    width = max(len(rule.limits) for rule in rules)
    padded = [[*r.limits, *[np.inf] * (width - len(r.limits))] for r in rules]
    return thresholds.Limits(
        sign=np.ones(len(rules)),
        limit=np.array(padded, np.float64),
        deadband=np.array([r.deadband for r in rules], np.float64),
        on_delay=np.array([r.on_delay for r in rules], np.int64),
        off_delay=np.array([r.off_delay for r in rules], np.int64),
        hold=np.array([r.hold for r in rules], np.int64),
    )


def transitions_of(found: Structured, row: int = 0) -> list[Transition]:
    return [
        Transition(int(t["ts"]), int(t["kind"]), int(t["level"]), float(t["value"]))
        for t in found[found["row"] == row]
    ]


def feed(
    limits: thresholds.Limits, state: Structured, rows: Sequence[Readings]
) -> tuple[Structured, Structured]:
    flat = [(row, ts, value) for row, each in enumerate(rows) for ts, value in each]
    return thresholds.advance(
        limits,
        state,
        np.array([each[0] for each in flat], np.int64),
        np.array([each[1] for each in flat], np.int64),
        np.array([each[2] for each in flat], np.float64),
    )


rules = st.builds(
    Rule,
    limits=st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True).map(
        lambda each: tuple(float(limit) for limit in sorted(each))
    ),
    deadband=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    on_delay=st.sampled_from([0, 0, 1, 3, 7, 20]),
    off_delay=st.sampled_from([0, 0, 1, 3, 7, 20]),
    hold=st.sampled_from([1, 4, 10, 50]),
)
series = st.lists(
    st.tuples(
        st.integers(1, 8), st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.5, 3.5, 4.0, 6.5])
    ),
    max_size=25,
).map(
    lambda steps: [
        (int(ts), value)
        for ts, (_, value) in zip(
            np.cumsum([step for step, _ in steps]), steps, strict=True
        )
    ]
)
clocks = st.integers(0, 30)


def end(readings: Readings, after: int) -> int:
    return (readings[-1][0] if readings else 0) + after


@given(rules, series, clocks)
def test_a_batch_gives_what_the_definition_says(
    rule: Rule, readings: Readings, after: int
) -> None:
    now = end(readings, after)
    limits = limits_of([rule])
    state, found = feed(limits, thresholds.initial(1), [readings])
    _, late = thresholds.expire(limits, state, np.array([now]))
    result = transitions_of(found) + transitions_of(late)
    assert result == Naive(rule).run(readings, now)


@given(rules, series, st.lists(st.integers(0, 25)), st.data())
def test_any_split_gives_the_same(
    rule: Rule, readings: Readings, cuts: list[int], data: st.DataObject
) -> None:
    limits = limits_of([rule])
    state = thresholds.initial(1)
    found = []
    edges = sorted({0, len(readings), *(c for c in cuts if c < len(readings))})
    for start, stop in itertools.pairwise(edges):
        state, more = feed(limits, state, [readings[start:stop]])
        found += transitions_of(more)
        if stop < len(readings) and data.draw(st.booleans()):
            # The clock stands anywhere before the next reading.
            now = data.draw(st.integers(readings[stop - 1][0], readings[stop][0] - 1))
            state, more = thresholds.expire(limits, state, np.array([now]))
            found += transitions_of(more)
    whole, at_once = feed(limits, thresholds.initial(1), [readings])
    assert found == transitions_of(at_once)
    for name in ("last_ts", "value", "run", "run_ts", "level", "onset", "raised"):
        assert state[name] == whole[name], name


@given(st.lists(st.tuples(rules, series), min_size=1, max_size=5))
def test_rows_do_not_touch_each_other(rows: list[tuple[Rule, Readings]]) -> None:
    limits = limits_of([rule for rule, _ in rows])
    state, found = feed(
        limits, thresholds.initial(len(rows)), [readings for _, readings in rows]
    )
    for row, (rule, readings) in enumerate(rows):
        alone, expected = feed(limits_of([rule]), thresholds.initial(1), [readings])
        assert transitions_of(found, row) == transitions_of(expected)
        assert state[row] == alone[0]


@given(rules, series)
def test_below_is_above_of_the_negative(rule: Rule, readings: Readings) -> None:
    limits = limits_of([rule])
    mirrored = thresholds.Limits(
        -limits.sign,
        limits.limit,
        limits.deadband,
        limits.on_delay,
        limits.off_delay,
        limits.hold,
    )
    _, above = feed(limits, thresholds.initial(1), [readings])
    _, below = feed(
        mirrored, thresholds.initial(1), [[(ts, -value) for ts, value in readings]]
    )
    assert above[["ts", "kind", "level", "onset"]].tolist() == (
        below[["ts", "kind", "level", "onset"]].tolist()
    )


@given(rules, series, st.integers(0, 24))
def test_a_state_found_again_goes_on_as_if_it_had_been_kept(
    rule: Rule, readings: Readings, cut: int
) -> None:
    """`resume` needs the condition and the readings of the longer delay, no more."""
    limits = limits_of([rule])
    head, tail = readings[: cut + 1], readings[cut + 1 :]
    kept, _ = feed(limits, thresholds.initial(1), [head])
    known = thresholds.initial(1)
    for name in ("level", "onset", "raised"):
        known[name] = kept[name]
    back = max(rule.on_delay, rule.off_delay)
    window = [each for each in head if each[0] >= end(head, 0) - back]
    again = thresholds.resume(
        limits,
        known,
        np.zeros(len(window), np.int64),
        np.array([ts for ts, _ in window], np.int64),
        np.array([value for _, value in window], np.float64),
    )
    assert again["last_ts"] == (NEVER if not head else head[-1][0])
    after_kept, expected = feed(limits, kept, [tail])
    after_again, found = feed(limits, again, [tail])
    assert transitions_of(found) == transitions_of(expected)
    assert after_again["level"] == after_kept["level"]
