"""Alarm performance figures."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.common import Answer, Code, Moment, Request, example
from parkpulse.model.alert import Severity


class PerformanceQuery(Request):
    """Of which time, and of which operator position's area."""

    start: Moment
    end: Moment
    place: Code | None = Field(default=None, description="This place and within it.")


class Flood(Answer):
    """A time of more alarms than somebody can answer."""

    start: datetime
    end: datetime
    count: int


class Actor(Answer):
    """An alarm that was raised often."""

    rule: str
    subject: str
    count: int
    share: float
    chattering: bool = Field(description="Three times within a minute or more.")


class Stale(Answer):
    """A condition that held for more than 24 h."""

    rule: str
    subject: str
    severity: Severity
    since: datetime
    until: datetime | None
    hours: float


class Priority(Answer):
    """How many alarms had a severity."""

    severity: Severity
    count: int
    share: float


class Performance(Answer):
    """Alarm performance by ISA-18.2; shares are 0 to 1, null without any time."""

    model_config = example(
        {
            "park": "demo",
            "place": None,
            "start": "2026-11-21T00:00:00Z",
            "end": "2026-11-22T00:00:00Z",
            "alarms": 144,
            "retroactive": 3,
            "alarms_per_day": 144.0,
            "alarms_per_hour": 6.0,
            "alarms_per_10_min": 1.0,
            "peak_per_10_min": 4,
            "assessment": "acceptable",
            "share_of_periods_above_10": 0.0,
            "share_of_time_in_flood": 0.0,
            "floods": [],
            "bad_actors": [
                {
                    "rule": "tunnel-humidity",
                    "subject": "demo/air-07/relative_humidity",
                    "count": 36,
                    "share": 0.25,
                    "chattering": False,
                }
            ],
            "bad_actors_share": 0.25,
            "chattering": 0,
            "standing": 2,
            "stale": [],
            "priorities": [
                {"severity": "low", "count": 115, "share": 0.799},
                {"severity": "medium", "count": 22, "share": 0.153},
                {"severity": "high", "count": 6, "share": 0.042},
                {"severity": "critical", "count": 1, "share": 0.007},
            ],
            "acknowledged": 120,
            "mean_time_to_acknowledge_s": 214.5,
        }
    )

    park: str
    place: str | None
    start: datetime
    end: datetime = Field(description="Not after the present of the park's clock.")
    alarms: int
    retroactive: int = Field(description="Recorded, called nobody; not among alarms.")
    alarms_per_day: float | None
    alarms_per_hour: float | None = Field(description="Acceptable 6, manageable 12.")
    alarms_per_10_min: float | None = Field(description="Acceptable 1, manageable 2.")
    peak_per_10_min: int
    assessment: Literal["acceptable", "manageable", "too many", "no data"]
    share_of_periods_above_10: float | None = Field(description="Goal: below 0.01.")
    share_of_time_in_flood: float | None
    floods: list[Flood]
    bad_actors: list[Actor] = Field(description="The ten most frequent.")
    bad_actors_share: float | None = Field(description="Goal: 0.01 to 0.05.")
    chattering: int
    standing: int = Field(description="Conditions that held at the end.")
    stale: list[Stale]
    priorities: list[Priority] = Field(description="Goal: 80/15/5 % low to high.")
    acknowledged: int
    mean_time_to_acknowledge_s: float | None
