"""Conditions of findings: any cut gives what the whole gives, as a plain loop says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import findings
from analytics.findings import Terms
from analytics.thresholds import CLEAR

Rows = list[tuple[int, int]]
"""Steps since the reading before, and level of its finding."""
ROWS = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from([0, 0, 0, 1, 2])), min_size=1
)
TERMS = st.builds(Terms, st.integers(1, 3), st.integers(1, 12), st.integers(0, 8))


def _told(terms: Terms, rows: Rows, since: int, active: int) -> list[tuple[int, int]]:
    ts = np.cumsum([step for step, _ in rows]).astype(np.int64)
    level = np.array([each for _, each in rows], np.int64)
    near = ts >= since - terms.reach
    found = findings.transitions(
        terms, active, since, ts[near], level[near], level[near].astype(np.float64)
    )
    return [(int(each["ts"]), int(each["level"])) for each in found]


@settings(max_examples=60)
@given(rows=ROWS, terms=TERMS, cut=st.integers(0, 60))
def test_from_any_point_on(rows: Rows, terms: Terms, cut: int) -> None:
    whole = _told(terms, rows, 0, 0)
    before = [each for each in whole if each[0] < cut]
    active = before[-1][1] if before else 0
    assert _told(terms, rows, cut, active) == whole[len(before) :]


def _plain(terms: Terms, rows: Rows) -> list[tuple[int, int]]:
    """Look at all findings up to each reading."""
    told: list[tuple[int, int]] = []
    now, level = 0, 0
    seen: list[int] = []
    for step, found in rows:
        now += step
        if found:
            seen.append(now)
            near = [each for each in seen if now - each <= terms.within]
            if (level or len(near) >= terms.count) and level != found:
                level = found
                told.append((now, found))
        elif level and now - seen[-1] >= terms.off_delay:
            level = 0
            told.append((now, 0))
    return told


@settings(max_examples=60)
@given(rows=ROWS, terms=TERMS)
def test_as_a_plain_loop_says(rows: Rows, terms: Terms) -> None:
    assert _told(terms, rows, 0, 0) == _plain(terms, rows)


def test_onset_is_the_first_of_those_that_count() -> None:
    terms = Terms(3, 10, 0)
    ts = np.array([0, 20, 24, 27, 28])
    level = np.array([1, 1, 1, 2, 0])
    raised, cleared = findings.transitions(terms, 0, 0, ts, level, level * 1.0)
    assert (raised["ts"], raised["onset"], raised["level"]) == (27, 20, 2)
    assert (cleared["ts"], cleared["kind"]) == (28, CLEAR)
