"""Silence that counts in windows of the week, as a plain loop over half hours says."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.signals import Weekly, Window
from analytics.silence import NEVER, Calendar

MINUTE = 60_000_000
STEP = 30 * MINUTE
MONDAY = round(datetime(2026, 3, 1, 16, tzinfo=UTC).timestamp()) // 1800
"""2 March 2026 in Shanghai. [steps]"""
DAY = 48
ZONE = "Asia/Shanghai"
WINDOWS = st.lists(
    st.builds(
        lambda days, start, length: Window(days, start, min(start + length, 1440)),
        st.frozensets(st.integers(0, 6), min_size=1),
        st.integers(0, 23).map(lambda hour: hour * 60),
        st.integers(1, 20).map(lambda hour: hour * 60),
    ),
    min_size=1,
    max_size=3,
)


def _calendar(*windows: Window, zone: str = ZONE) -> Calendar:
    return Calendar(Weekly(tuple(windows), zone))


def _holds(windows: list[Window], length: int) -> list[bool]:
    times = [(n // DAY % 7, n % DAY * 30) for n in range(length)]
    return [
        any(day in each.days and each.start <= minute < each.end for each in windows)
        for day, minute in times
    ]


def _plain(inside: list[bool], heard: int, wait: int) -> list[bool]:
    """At which steps a silence since `heard` has reached its limit."""
    told, count, start = [], 0, 0
    for is_inside, run in itertools.groupby(inside):
        length = len(list(run))
        if is_inside and length > wait:
            count = 0
        for step in range(start, start + length):
            told.append(is_inside and step >= heard and count >= wait)
            count += is_inside and step >= heard
        start += length
    return told


@settings(max_examples=60)
@given(
    windows=WINDOWS,
    heard=st.integers(0, 8 * DAY),
    later=st.integers(0, 3 * DAY),
    wait=st.integers(1, 60),
)
def test_as_step_by_step(
    windows: list[Window], heard: int, later: int, wait: int
) -> None:
    calendar = _calendar(*windows)
    if calendar.is_always:
        return
    # Weeks before, so that no window is cut at the begin.
    before, length = 2 * 7 * DAY, (8 + 3 + 14 + 7 * 30) * DAY
    inside = _holds(windows, before + length)
    told = _plain(inside, before + heard, wait)[before:]
    inside = inside[before:]
    since = heard + later
    while inside[since] and since > heard and inside[since - 1]:
        since -= 1
    expected = next((n for n in range(since, length) if told[n]), None)
    (found,) = calendar.due(
        np.array([(MONDAY + heard) * STEP]),
        np.array([(MONDAY + heard + later) * STEP]),
        wait * STEP,
    ).tolist()
    assert found == NEVER if expected is None else found // STEP - MONDAY == expected


@settings(max_examples=40)
@given(
    windows=WINDOWS,
    heard=st.integers(0, 8 * DAY),
    length=st.integers(0, 9 * DAY),
    waits=st.lists(st.integers(1, 60), min_size=1, max_size=3, unique=True),
)
def test_spells_are_what_is_due_window_by_window(
    windows: list[Window], heard: int, length: int, waits: list[int]
) -> None:
    calendar = _calendar(*windows)
    if calendar.is_always:
        return
    waits.sort()
    # Weeks before and after, so that no window is cut.
    every = _holds(windows, heard + length + 28 * DAY)
    told = [_plain(every, 14 * DAY + heard, wait)[14 * DAY :] for wait in waits]
    inside = every[14 * DAY :][: heard + length]
    expected: list[tuple[list[int], int]] = []
    number = heard
    while number < heard + length:
        outside = (n for n in range(number, len(inside)) if not inside[n])
        end = next(outside, len(inside))
        levels = [
            next((n for n in range(number, end) if each[n]), None) for each in told
        ]
        reached = [each for each in levels if each is not None]
        if levels[0] is not None:
            steps = np.maximum.accumulate(reached).tolist()
            expected.append((steps, end))
        number = max(end, number + 1)
    found = calendar.spells(
        (MONDAY + heard) * STEP,
        (MONDAY + heard + length) * STEP,
        [wait * STEP for wait in waits],
    )
    assert [
        ([ts // STEP - MONDAY for ts in each.told], each.end // STEP - MONDAY)
        for each in found
    ] == expected


def _at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("heard", "due"),
    [
        # 2.5 of its hours within the day: at once when they are over.
        ("2026-03-06T09:00+08:00", "2026-03-06T11:30+08:00"),
        # Silent since Friday afternoon: on Monday it has its whole limit again.
        ("2026-03-06T15:00+08:00", "2026-03-06T17:30+08:00"),
        ("2026-03-06T15:45+08:00", "2026-03-09T10:30+08:00"),
        ("2026-03-07T12:00+08:00", "2026-03-09T10:30+08:00"),
        ("2026-03-09T08:10+08:00", "2026-03-09T10:40+08:00"),
    ],
)
def test_working_hours(heard: str, due: str) -> None:
    calendar = _calendar(Window(frozenset(range(5)), 480, 1080))
    at = np.array([_at(heard)])
    assert calendar.due(at, at, 150 * MINUTE).tolist() == [_at(due)]


def test_short_windows_add_up() -> None:
    """A device that reports once a day, in hours that are fewer than its limit."""
    calendar = _calendar(Window(frozenset(range(5)), 480, 1080))
    at = np.array([_at("2026-03-06T17:00+08:00")])
    # 1 h on Friday, 10 h each on Monday and Tuesday, 3 h on Wednesday.
    due = calendar.due(at, at, 24 * 60 * MINUTE)
    assert due.tolist() == [_at("2026-03-11T11:00+08:00")]


def test_windows_that_touch_are_one_and_keep_civil_time() -> None:
    evening = Window(frozenset({5}), 1320, 1440)
    night = Window(frozenset({6}), 0, 240)
    calendar = _calendar(evening, night, zone="Europe/Berlin")
    # Clocks go forward at 02:00 on 29 March: the window has five hours.
    begin, end = _at("2026-03-28T22:00+01:00"), _at("2026-03-29T04:00+02:00")
    assert calendar.ends(begin) == end == begin + 300 * MINUTE
    assert calendar.ends(end) == end
    assert _calendar(Window(frozenset(range(7)), 0, 1440)).is_always
    assert not calendar.is_always
