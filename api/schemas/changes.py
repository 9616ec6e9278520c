"""What changed in a park lately."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.schemas.common import Answer, Moment, Name, Request, example
from parkpulse.model.alert import Severity
from parkpulse.query.changes import Kind

_CHANGE = {
    "at": "2026-07-20T09:41:00Z",
    "kind": "reached",
    "device": "level-canal",
    "device_name": {"zh": "水位计", "en": "Level gauge"},
    "place": "canal",
    "series": 18,
    "metric": "water_level",
    "severity": "medium",
    "name": {"zh": "警戒水位", "en": "warning stage"},
    "value": 22.51,
    "limit": 22.5,
    "alert": None,
    "actor": None,
    "times": 1,
}


class ChangesQuery(Request):
    """Since when."""

    since: Moment | None = Field(
        default=None, description="By default an hour ago; at most a day."
    )


class Change(Answer):
    """Something that changed."""

    model_config = example(_CHANGE)

    at: datetime
    kind: Kind = Field(
        description="Of an alert, of a level (`reached`, `fell_below`), of a state"
        " (`on`: a hatch opened, a pump started), or `silent` of a device."
    )
    device: str | None
    device_name: Name | None
    place: str | None
    series: int | None
    metric: str | None
    severity: Severity | None
    name: Name | None = Field(description="Of the alert's rule or the level.")
    value: float | None
    limit: float | None
    alert: str | None = Field(description="Id of the alert.")
    actor: str | None
    times: int = Field(description="How often a state changed; `at` is the last time.")


class Changes(Answer):
    """Changes, newest first."""

    model_config = example(
        {
            "start": "2026-07-20T09:00:00Z",
            "end": "2026-07-20T10:00:00Z",
            "items": [_CHANGE],
        }
    )

    start: datetime
    end: datetime
    items: list[Change]
