"""Ranges and summaries of a series."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from api.schemas.common import Answer, Exported, Moment, Request, Text, example
from parkpulse.query.ranges import MAX_POINTS

MOST_WINDOWS = 10
LONGEST_WINDOW_S = 31 * 86400


def _zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        kind, message = "unknown_zone", "no such zone"
        raise PydanticCustomError(kind, message)
    return name


def _windows(text: str) -> str:
    parts = text.split(",")
    good = all(part.isascii() and part.isdecimal() for part in parts)
    if (
        not good
        or len(parts) > MOST_WINDOWS
        or not all(1 <= int(part) <= LONGEST_WINDOW_S for part in parts)
    ):
        kind, message = "invalid_windows", "no list of windows"
        raise PydanticCustomError(kind, message)
    return text


class Span(Request):
    """A stretch of time `[start, end)`."""

    start: Moment
    end: Moment


class RangeQuery(Span, Exported):
    """Which stretch of a series, in how many points."""

    points: int = Field(
        default=600, ge=4, le=MAX_POINTS, description="About how many are wanted."
    )
    tier: Literal["auto", "raw", "1m", "1h", "1d"] = Field(
        default="auto", description="`auto`: the coarsest that suffices."
    )


class Statistics(Answer):
    """Of all readings of the stretch, however few points are shown; null for none."""

    readings: int
    sum: float | None = Field(description="Of an interval series; else null.")
    mean: float | None = Field(description="Of all readings alike; not of registers.")
    min: float | None
    max: float | None
    last: float | None


class Range(Answer):
    """Points of a series: readings, or means, sums or last values of buckets."""

    model_config = example(
        {
            "series": 17,
            "start": "2026-11-22T00:00:00Z",
            "end": "2026-11-22T01:00:00Z",
            "tier": "raw",
            "downsampled": False,
            "from_points": 2,
            "ts": [1795305600000, 1795305900000],
            "value": [1.21, 1.23],
            "min": None,
            "max": None,
            "gap_s": 900.0,
            "flags": [[1795305900000, 3]],
            "statistics": {
                "readings": 2,
                "sum": None,
                "mean": 1.22,
                "min": 1.21,
                "max": 1.23,
                "last": 1.23,
            },
        }
    )

    series: int
    start: datetime
    end: datetime
    tier: Literal["raw", "1m", "1h", "1d"]
    downsampled: bool
    from_points: int = Field(description="Points before downsampling.")
    ts: list[int] = Field(description="Milliseconds since 1970 UTC.")
    value: list[float | None]
    min: list[float | None] | None
    max: list[float | None] | None
    gap_s: float = Field(description="Points further apart have nothing between them.")
    flags: list[tuple[int, int]] | None = Field(
        description="Time (ms) and worst flag (3 suspect, 4 fail) of the readings that"
        " quality tests found doubtful, at most 10,000; null but for tier raw."
    )
    statistics: Statistics


class SummaryQuery(Span):
    """Which stretch of a series, and what of it."""

    windows: Annotated[Text, AfterValidator(_windows)] = Field(
        default="900,3600",
        description="Lengths of windows whose greatest sum is wanted. [s]",
    )
    day_zone: Annotated[Text, AfterValidator(_zone)] = Field(
        default="UTC", description="IANA zone of the civil days."
    )

    def windows_s(self) -> list[int]:
        """Lengths of the windows [s]."""
        return [int(part) for part in self.windows.split(",")]


class Window(Answer):
    """The window of this length that counted most."""

    window_s: int
    max_sum: float | None
    end: datetime | None


class Day(Answer):
    """A civil day; `sum` is null for a gauge or state."""

    day: str
    sum: float | None
    min: float | None
    max: float | None
    n: int


class Summary(Answer):
    """What a stretch amounts to; sums are of increments, null for a gauge."""

    model_config = example(
        {
            "n": 96,
            "sum": 13.8,
            "min": 0.0,
            "max": 3.0,
            "min_at": "2025-09-04T00:00:00Z",
            "max_at": "2025-09-04T16:00:00Z",
            "first": 0.0,
            "last": 0.2,
            "windows": [
                {"window_s": 3600, "max_sum": 6.8, "end": "2025-09-04T16:30:00Z"}
            ],
            "days": [
                {"day": "2025-09-04", "sum": 13.8, "min": 0.0, "max": 3.0, "n": 96}
            ],
            "missing": 0,
        }
    )

    n: int
    sum: float | None
    min: float | None
    max: float | None
    min_at: datetime | None
    max_at: datetime | None
    first: float | None
    last: float | None
    windows: list[Window]
    days: list[Day]
    missing: int = Field(description="Report intervals without a reading.")
