"""Conditions that hold within a time of each other, by hand."""

from __future__ import annotations

from analytics.compositions import FOREVER, Span, compose


def test_conditions_together() -> None:
    level = [Span(0, 10), Span(50, 60)]
    rain = [Span(5, 20), Span(62, 70)]
    assert compose([level, rain], 0) == [Span(5, 10)]
    # Each counts for 5 more: 10 -> 15, 20 -> 25, 60 -> 65.
    assert compose([level, rain], 5) == [Span(5, 15), Span(62, 65)]


def test_what_lasts_has_no_end() -> None:
    assert compose([[Span(3, FOREVER)], [Span(1, FOREVER)]], 60) == [Span(3, FOREVER)]


def test_without_one_of_them_there_is_nothing() -> None:
    assert compose([[Span(0, 9)], []], 5) == []


def test_members_that_touch_are_one() -> None:
    one = [Span(0, 10), Span(12, 20)]
    assert compose([one, [Span(0, 30)]], 2) == [Span(0, 22)]
