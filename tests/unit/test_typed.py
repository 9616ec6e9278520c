"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parkpulse.errors import InvalidRequestError
from parkpulse.model import typed

ZONE = "Asia/Shanghai"


def test_a_day_begins_at_midnight_of_the_zone() -> None:
    expected = datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert typed.day_or_moment("2026-03-01", ZONE, "from") == expected


@pytest.mark.parametrize("text", ["2026-03-01T08:30:00+08:00", "2026-03-01T00:30Z"])
def test_a_time_has_its_own_zone(text: str) -> None:
    expected = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
    assert typed.moment(text, "at") == expected
    assert typed.day_or_moment(text, ZONE, "at") == expected


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-03-01T08:30:00", "2026-02-30"])
def test_what_is_no_time_names_the_option(text: str) -> None:
    for read in (
        typed.moment,
        lambda *words: typed.day_or_moment(words[0], ZONE, "at"),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            read(text, "at")
        assert (refused.value.code, refused.value.pointer) == ("not_a_time", "at")


def test_an_unknown_zone() -> None:
    with pytest.raises(InvalidRequestError, match="no time zone"):
        typed.day_or_moment("2026-03-01", "Mars/Olympus", "from")


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59Z"])
def test_what_lies_out_of_reach(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="out of reach"):
        typed.day_or_moment(text, ZONE, "from")
