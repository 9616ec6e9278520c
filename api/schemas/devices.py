"""Devices, series and their newest readings."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.common import (
    Answer,
    Code,
    Exported,
    Name,
    Paged,
    Sorted,
    Text,
    example,
)
from parkpulse.model.metrics import Group, Kind
from parkpulse.query.devices import DeviceOrder
from parkpulse.query.series import SeriesOrder

_LEVEL = {
    "severity": "medium",
    "direction": "above",
    "limit": 1.8,
    "name": {"zh": "警戒水位", "en": "Warning stage"},
}
_SERIES: dict[str, Any] = {
    "id": 17,
    "device": "level-lake",
    "device_name": {"zh": "一号水位计", "en": "Lake level gauge"},
    "device_kind": "water_level",
    "place": "lake",
    "metric": "water_level",
    "metric_name": {"zh": "水位", "en": "Water level"},
    "unit": "m",
    "kind": "gauge",
    "group": "water",
    "report_interval_s": 300,
    "latest": {
        "ts": "2026-11-22T10:15:00Z",
        "value": 1.23,
        "quality": 2,
        "stale": False,
    },
    "limits": [_LEVEL],
}
_QUALITY = "QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail."


class DevicesQuery(Paged, Exported):
    """Which devices of a park, in which order."""

    state: list[Literal["active", "discovered", "retired"]] = Field(
        default=[], max_length=3
    )
    kind: list[Code] = Field(default=[], max_length=20)
    place: Code | None = Field(
        default=None, description="A place; those within it count too."
    )
    q: Text | None = Field(default=None, description="Part of the code or a name.")
    silent: bool | None = None
    sort: DeviceOrder = "code"


class Device(Answer):
    """A device as it is now."""

    model_config = example(
        {
            "code": "level-lake",
            "name": {"zh": "一号水位计", "en": "Lake level gauge"},
            "kind": "water_level",
            "place": "lake",
            "state": "active",
            "clock": "trusted",
            "report_interval_s": 300,
            "last_received_at": "2026-11-22T10:15:02Z",
            "last_ts": "2026-11-22T10:15:00Z",
            "silent": False,
        }
    )

    code: str
    name: Name
    kind: str
    place: str | None
    state: Literal["active", "discovered", "retired"]
    clock: Literal["trusted", "untrusted"]
    report_interval_s: int
    last_received_at: datetime | None = Field(
        description="When the API last saw a reading stored; null until then."
    )
    last_ts: datetime | None = Field(description="Newest observed time.")
    silent: bool


class Latest(Answer):
    """The newest reading of a series."""

    ts: datetime
    value: float
    quality: int = Field(description=_QUALITY)
    stale: bool = Field(description="Older than its freshness, on the park's clock.")


class Limit(Answer):
    """A level that a rule watches."""

    model_config = example(_LEVEL)

    severity: Literal["low", "medium", "high", "critical"]
    direction: Literal["above", "below"]
    limit: float
    name: Name | None


class MetricsQuery(Sorted):
    """In which order."""

    sort: Literal["code", "-code", "group", "-group", "unit", "-unit"] = "code"


class Metric(Answer):
    """What a series may measure; values between `minimum` and `maximum` are taken."""

    model_config = example(
        {
            "code": "water_level",
            "name": {"zh": "水位", "en": "Water level"},
            "unit": "m",
            "kind": "gauge",
            "group": "water",
            "minimum": -100.0,
            "maximum": 9000.0,
        }
    )

    code: str
    name: Name
    unit: str = Field(description="Every stored value is in it; `1` without a unit.")
    kind: Kind
    group: Group
    minimum: float
    maximum: float


class SeriesQuery(Paged, Exported):
    """Which series of a park."""

    metric: list[Code] = Field(default=[], max_length=50)
    device: list[Code] = Field(default=[], max_length=100)
    place: Code | None = Field(
        default=None, description="A place; those within it count too."
    )
    group: list[Group] = Field(default=[], max_length=7)
    alert: UUID | None = Field(
        default=None, description="Only those of the device that this alert is of."
    )
    q: Text | None = Field(
        default=None,
        description="Words that are all in the names of device, metric or place.",
    )
    sort: SeriesOrder = "device"


class Series(Answer):
    """One metric of a device."""

    model_config = example(_SERIES)

    id: int
    device: str
    device_name: Name
    device_kind: str
    place: str | None
    metric: str
    metric_name: Name
    unit: str
    kind: Kind
    group: Group
    report_interval_s: int
    latest: Latest | None
    limits: list[Limit] = Field(description="Levels of the rules in force for it.")


class LatestItem(Latest):
    """The newest reading of one of several series."""

    series: int


class LatestList(Answer):
    """The newest readings of a park."""

    model_config = example(
        {
            "now": "2026-11-22T10:15:04Z",
            "items": [
                {
                    "series": 17,
                    "ts": "2026-11-22T10:15:00Z",
                    "value": 1.23,
                    "quality": 2,
                    "stale": False,
                }
            ],
        }
    )

    now: datetime
    items: list[LatestItem]
