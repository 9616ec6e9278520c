"""Conditions made of findings at the readings of a series, in event time.

The definition. Each reading has a *level*: 0 without a finding that counts, else the
highest level that its finding reaches.

* The condition is raised by the n-th finding within a time (`count`, `within`); its
  onset is the first of these n. Findings at and after the raise move its level.
* A reading without a finding clears it, when at least `off_delay` has passed since the
  last finding.

So the result is a function of the sorted readings and their findings, and it can be
computed from any point on: what lies further back than the longer of the two times
matters only by the level that the condition has.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from analytics.threshold_limits import CLEAR, NEVER, RAISE, SEVERITY, TRANSITION

if TYPE_CHECKING:
    from analytics.threshold_limits import FloatArray, IntArray, Structured


@dataclass(frozen=True, slots=True)
class Terms:
    """When findings make a condition.

    Parameters
    ----------
    count, within
        So many findings within so long [us] raise it.
    off_delay
        How long after the last finding a reading clears it. [us]
    """

    count: int
    within: int
    off_delay: int

    @property
    def reach(self) -> int:
        """How far before a reading what follows from it may depend on. [us]."""
        return max(self.within if self.count > 1 else 0, self.off_delay)


@dataclass
class _Course:
    """The condition while readings pass."""

    terms: Terms
    level: int
    last: int = NEVER
    recent: deque[int] = field(default_factory=deque)
    found: list[tuple[int, int, int, float, int]] = field(default_factory=list)

    def remember(self, ts: int) -> None:
        self.last = ts
        self.recent.append(ts)
        while ts - self.recent[0] > self.terms.within:
            self.recent.popleft()

    def finding(self, ts: int, level: int, value: float) -> None:
        self.remember(ts)
        if self.level == 0 and len(self.recent) >= self.terms.count:
            onset = self.recent[-self.terms.count]
            self.found.append((ts, RAISE, level, value, onset))
            self.level = level
        elif self.level not in {0, level}:
            self.found.append((ts, SEVERITY, level, value, NEVER))
            self.level = level

    def calm(self, ts: int, value: float) -> None:
        if self.level and ts - self.last >= self.terms.off_delay:
            self.found.append((ts, CLEAR, 0, value, NEVER))
            self.level = 0


def transitions(
    terms: Terms,
    active: int,
    since: int,
    ts: IntArray,
    level: IntArray,
    value: FloatArray,
) -> Structured:
    """Tell what happens to the condition of one series.

    Parameters
    ----------
    terms
        When findings make a condition.
    active
        Its level before `since`, 0 without one.
    since
        From when on transitions are told. [us]
    ts : array, shape (n,)
        Observed times of readings, rising, from `terms.reach` before `since` on. [us]
    level : array, shape (n,)
        Level of each reading's finding, 0 without one.
    value : array, shape (n,)
        What people are shown of a finding.

    Returns
    -------
    array of `thresholds.TRANSITION`
        By time; `row` is 0.
    """
    course = _Course(terms, active)
    before = (ts < since) & (level > 0)
    for each in ts[before].tolist():
        course.remember(each)
    mine = ts >= since
    if not active and not (mine & (level > 0)).any():
        return np.zeros(0, TRANSITION)
    rows = zip(
        ts[mine].tolist(), level[mine].tolist(), value[mine].tolist(), strict=True
    )
    for at, reached, shown in rows:
        if reached:
            course.finding(at, reached, shown)
        else:
            course.calm(at, shown)
    return _listed(course.found)


def _listed(rows: list[tuple[int, int, int, float, int]]) -> Structured:
    found = np.zeros(len(rows), TRANSITION)
    for index, (ts, kind, level, value, onset) in enumerate(rows):
        found[index] = (0, ts, kind, level, value, onset)
    return found
