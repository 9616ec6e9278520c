"""Rain and water levels of a park, and findings of the quality tests."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.common import Answer, Moment, Name, Paged, Request, example
from parkpulse.model.alert import Severity
from parkpulse.model.quality import TestName


class AtQuery(Request):
    """A moment."""

    at: Moment | None = Field(default=None, description="By default the park's now.")


class WindowSum(Answer):
    """Rain in a window that ends at the moment."""

    window_min: int
    mm: float | None = Field(description="Null without any reading in the window.")
    coverage: float = Field(description="Part of the window that readings cover.")


RainClass = Literal[
    "none",
    "trace",
    "light",
    "moderate",
    "heavy",
    "rainstorm",
    "heavy_rainstorm",
    "extraordinary_rainstorm",
]


class GaugeRain(Answer):
    """Rain of one gauge."""

    series: int
    device: str
    device_name: Name
    place: str | None
    ts: datetime | None = Field(description="Newest reading.")
    stale: bool
    sums: list[WindowSum]
    colour: Literal["blue", "yellow", "orange", "red"] | None = Field(
        description="The station's rain exceeds the threshold of a rainstorm warning of"
        " this colour (CMA); the warning itself is the meteorological office's."
    )
    class_12h: RainClass | None = Field(description="GB/T 28592-2012.")
    class_24h: RainClass | None
    suspect: int = Field(description="Intervals of 24 h that are not believable.")


class Rain(Answer):
    """Rain of all gauges of a park."""

    model_config = example(
        {
            "at": "2026-07-20T10:00:00Z",
            "items": [
                {
                    "series": 17,
                    "device": "rain-roof",
                    "device_name": {"zh": "雨量计", "en": "Rain gauge"},
                    "place": "exhibition",
                    "ts": "2026-07-20T09:55:00Z",
                    "stale": False,
                    "sums": [{"window_min": 180, "mm": 62.4, "coverage": 0.97}],
                    "colour": "orange",
                    "class_12h": "rainstorm",
                    "class_24h": "rainstorm",
                    "suspect": 0,
                }
            ],
        }
    )

    at: datetime
    items: list[GaugeRain]


class Stage(Answer):
    """A level that a rule names."""

    name: Name | None
    severity: Severity
    limit: float = Field(description="m")
    reached: bool
    hours: float | None = Field(
        description="Until it is reached at the present rate; null if not rising."
    )
    earliest_h: float | None
    latest_h: float | None = Field(description="Null: perhaps never.")


class GaugeLevel(Answer):
    """Level of one gauge."""

    series: int
    device: str
    device_name: Name
    place: str | None
    metric: str
    ts: datetime | None
    stale: bool
    level: float | None = Field(description="m")
    rate: float | None = Field(description="m/h, median of slopes over 2 h.")
    rate_low: float | None = Field(description="m/h, of a 90 % interval.")
    rate_high: float | None
    stage: Stage | None = Field(description="The highest that is reached.")
    stages: list[Stage]


_STAGE = {
    "name": {"zh": "警戒水位", "en": "warning stage"},
    "severity": "medium",
    "limit": 22.5,
    "reached": False,
    "hours": 0.5,
    "earliest_h": 0.4,
    "latest_h": 0.7,
}


class Levels(Answer):
    """Levels of all gauges of a park."""

    model_config = example(
        {
            "at": "2026-07-20T10:00:00Z",
            "items": [
                {
                    "series": 18,
                    "device": "level-canal",
                    "device_name": {"zh": "水位计", "en": "Level gauge"},
                    "place": "canal",
                    "metric": "water_level",
                    "ts": "2026-07-20T09:55:00Z",
                    "stale": False,
                    "level": 22.3,
                    "rate": 0.4,
                    "rate_low": 0.3,
                    "rate_high": 0.5,
                    "stage": None,
                    "stages": [_STAGE],
                }
            ],
        }
    )

    at: datetime
    items: list[GaugeLevel]


class FindingsQuery(Paged):
    """A stretch of time `[start, end)`."""

    start: Moment
    end: Moment


class Finding(Answer):
    """A reading that a QARTOD test found doubtful."""

    model_config = example({"ts": "2026-07-20T10:00:00Z", "test": "spike", "flag": 3})

    ts: datetime
    test: TestName
    flag: int = Field(description="3 suspect, 4 fail.")


class DeviceFinding(Answer):
    """What is wrong with the newest reading of a series."""

    device: str
    series: int
    metric: str
    code: Literal["frozen", "impossible", "battery_low", "signal_poor", "signal_edge"]
    ts: datetime
    value: float
    limit: float | None = Field(description="Of batteries and radio.")
    flag: int | None = Field(description="Of a sensor: 3 suspect, 4 fail.")


class DeviceFindings(Answer):
    """Batteries, radio and doubtful sensors of a park."""

    model_config = example(
        {
            "items": [
                {
                    "device": "level-canal",
                    "series": 19,
                    "metric": "battery_voltage",
                    "code": "battery_low",
                    "ts": "2026-07-20T09:55:00Z",
                    "value": 3.1,
                    "limit": 3.2,
                    "flag": None,
                }
            ]
        }
    )

    items: list[DeviceFinding]


class Nothing(Request):
    """No parameters."""
