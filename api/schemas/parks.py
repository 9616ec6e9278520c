"""Parks, places, data centres."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Answer, Name, Sorted, Text, example

PARK: dict[str, Any] = {
    "code": "demo",
    "name": {"zh": "演示园区", "en": "Demo park"},
    "grade": "growth",
    "clock": "wall",
    "now": "2026-11-22T10:15:00Z",
    "last_ts": "2026-11-22T10:14:58Z",
    "zone": "Asia/Shanghai",
    "simulated": True,
    "service": False,
    "devices": {"total": 42, "reporting": 40, "silent": 1, "discovered": 1},
    "alerts": {"critical": 0, "high": 1, "medium": 0, "low": 2},
}
_PLACE = {
    "code": "lake",
    "parent": None,
    "kind": "river_section",
    "name": {"zh": "调蓄湖", "en": "Retention lake"},
}
_CENTRE = {
    "code": "quancheng",
    "name": {"zh": "一号数据中心", "en": "Data centre 1"},
    "commissioned": "2024-06-01",
    "standard_racks": 3200,
    "place": "hall-1",
}


class DeviceCounts(Answer):
    """Devices by state; total = reporting + silent + discovered."""

    total: int
    reporting: int
    silent: int = Field(description="Without a fresh reading, on the park's clock.")
    discovered: int = Field(description="Sending, but not registered by anyone.")


class AlertCounts(Answer):
    """Unfinished alerts by severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0


class Park(Answer):
    """A park at a glance."""

    model_config = example(PARK)

    code: str
    name: Name
    grade: Literal["demonstration", "growth"]
    clock: Literal["wall", "data"] = Field(
        description="`data`: its time is that of its newest data (replay)."
    )
    now: datetime = Field(description="Time on the park's clock.")
    last_ts: datetime | None = Field(description="Observed time of the newest reading.")
    zone: str = Field(description="IANA zone that its days are counted in.")
    simulated: bool
    service: bool = Field(description="It stands for the service itself.")
    devices: DeviceCounts
    alerts: AlertCounts


class Place(Answer):
    """A place of a park."""

    model_config = example(_PLACE)

    code: str
    parent: str | None
    kind: str
    name: Name


class DataCentre(Answer):
    """A data centre of a park."""

    model_config = example(_CENTRE)

    code: str
    name: Name
    commissioned: date
    standard_racks: int
    place: str | None


class ParkDetail(Park):
    """A park with its places and data centres."""

    model_config = example({**PARK, "places": [_PLACE], "data_centres": [_CENTRE]})

    places: list[Place]
    data_centres: list[DataCentre]


class ParkQuery(Sorted):
    """Which parks."""

    sort: Literal["code", "-code", "name", "-name", "grade", "-grade"] = "code"
    q: Text | None = Field(default=None, description="Part of its code or names.")
    service: bool = Field(
        default=False, description="Also the park that stands for the service itself."
    )


class DataCentresQuery(Sorted):
    """Data centres in an order."""

    sort: Literal[
        "code",
        "-code",
        "name",
        "-name",
        "commissioned",
        "-commissioned",
        "standard_racks",
        "-standard_racks",
    ] = "code"
