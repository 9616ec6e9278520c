"""Civil periods in zones with and without summer time."""

from datetime import UTC, datetime

import numpy as np
import pytest

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.model.periods import Calendar, Period

SHANGHAI = Calendar("Asia/Shanghai")


def _us(text: str) -> int:
    return instants.to_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("period", "moment", "start", "end"),
    [
        ("hour", "2026-03-01T15:59:59", "2026-03-01T15:00", "2026-03-01T16:00"),
        ("day", "2026-03-01T15:59:59", "2026-02-28T16:00", "2026-03-01T16:00"),
        ("day", "2026-03-01T16:00:00", "2026-03-01T16:00", "2026-03-02T16:00"),
        ("month", "2026-02-28T15:59:59", "2026-01-31T16:00", "2026-02-28T16:00"),
        ("month", "2026-12-31T12:00:00", "2026-11-30T16:00", "2026-12-31T16:00"),
        ("year", "2025-12-31T16:00:00", "2025-12-31T16:00", "2026-12-31T16:00"),
        (
            "rolling_12_months",
            "2026-03-01T15:00:00",
            "2025-03-01T16:00",
            "2026-03-01T16:00",
        ),
        (
            "rolling_12_months",
            "2028-02-27T17:00:00",
            "2027-02-28T16:00",
            "2028-02-28T16:00",
        ),
    ],
)
def test_spans_in_shanghai(period: Period, moment: str, start: str, end: str) -> None:
    assert SHANGHAI.span(period, _us(moment)) == (_us(start), _us(end))


def test_rolling_months_of_following_days_differ() -> None:
    # The day before 29 February begins on 1 March; so does the day after it.
    days = [_us(f"2028-02-{day}T00:00") for day in (27, 28, 29)]
    spans = {SHANGHAI.span("rolling_12_months", day) for day in days}
    assert len({span.end for span in spans}) == 3


def test_a_day_with_a_change_of_clock_has_23_or_25_hours() -> None:
    calendar = Calendar("Europe/Berlin")
    spring = calendar.span("day", _us("2026-03-29T12:00"))
    autumn = calendar.span("day", _us("2026-10-25T12:00"))
    assert spring.end - spring.start == 23 * instants.HOUR
    assert autumn.end - autumn.start == 25 * instants.HOUR


def test_days_of_a_half_hour_zone_are_whole_hours() -> None:
    calendar = Calendar("Asia/Kolkata")
    span = calendar.span("day", _us("2026-03-01T18:45"))
    assert span == (_us("2026-02-28T19:00"), _us("2026-03-01T19:00"))
    assert calendar.span("day", _us("2026-03-01T19:00")).start == span.end


def test_edges_hold_the_stretch() -> None:
    edges = SHANGHAI.edges(_us("2026-02-27T20:00"), _us("2026-03-01T16:00"))
    days = ("2026-02-27", "2026-02-28", "2026-03-01")
    assert edges.tolist() == [_us(f"{day}T16:00") for day in days]
    assert (np.diff(edges) == instants.DAY).all()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/hosts"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidRequestError):
        Calendar(zone)
