"""Alerts, their history and their acknowledgement."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictInt, StringConstraints

from api.schemas.common import (
    Answer,
    Code,
    Exported,
    Moment,
    Name,
    Paged,
    Request,
    Text,
    example,
)
from parkpulse.model.alert import (
    Direction,
    EventKind,
    QuietKind,
    Severity,
    ShownState,
)
from parkpulse.query.alert_actions import MOST_AT_ONCE
from parkpulse.query.alerts import MAXIMUM_ACTOR, MAXIMUM_COMMENT

_ALERT: dict[str, Any] = {
    "id": "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e40",
    "rule": {
        "code": "water-level-lake",
        "name": {"zh": "一号断面水位", "en": "Stage of section 1"},
        "kind": "threshold",
    },
    "subject": "level-lake/water_level",
    "park": "demo",
    "park_name": {"zh": "演示园区", "en": "Demo park"},
    "zone": "Asia/Shanghai",
    "place": "lake",
    "place_name": {"zh": "调蓄湖", "en": "Retention lake"},
    "device": "level-lake",
    "device_name": {"zh": "一号水位计", "en": "Lake level gauge"},
    "series": 17,
    "metric": "water_level",
    "metric_name": {"zh": "水位", "en": "Water level"},
    "unit": "m",
    "severity": "medium",
    "level": {"zh": "警戒水位", "en": "Warning stage"},
    "state": "unacknowledged",
    "quiet": None,
    "assignee": None,
    "retroactive": False,
    "onset": "2026-11-22T10:10:00Z",
    "raised_at": "2026-11-22T10:10:00Z",
    "cleared_at": None,
    "acknowledged_at": None,
    "acknowledged_by": None,
    "value": 1.86,
    "limit": 1.8,
    "direction": "above",
    "version": 1,
}


class AlertsQuery(Paged, Exported):
    """Which alerts of a park, in which order."""

    state: list[Literal["active", "all"] | ShownState] = Field(
        default=["active"],
        max_length=9,
        description="`active`: all that are not back to normal and acknowledged.",
    )
    severity: list[Severity] = Field(default=[], max_length=4)
    retroactive: bool | None = None
    since: Moment | None = Field(default=None, description="Raised then or later.")
    q: Text | None = Field(
        default=None, description="Part of the rule's, subject's or device's name."
    )
    assignee: Text | None = Field(
        default=None, description="Who takes care of it; empty: nobody does."
    )
    rule: Code | None = None
    place: Code | None = Field(default=None, description="This place or within it.")
    device: Code | None = None
    quiet: bool | None = Field(
        default=None,
        description="Shelved, suppressed, out of service or in a maintenance window.",
    )
    sort: Literal["raised_at", "-raised_at", "severity", "-severity"] = "-raised_at"


class RuleName(Answer):
    """The rule behind an alert; `kind` as in its definition."""

    code: str
    name: Name
    kind: str


class QuietNow(Answer):
    """Why nobody is called for an alert."""

    kind: QuietKind
    since: datetime
    until: datetime | None
    actor: str
    reason: str


class Alert(Answer):
    """An alert as it is now."""

    model_config = example(_ALERT)

    id: UUID
    rule: RuleName
    subject: str
    park: str
    park_name: Name
    zone: str
    place: str | None
    place_name: Name | None
    device: str | None
    device_name: Name | None
    series: int | None
    metric: str | None
    metric_name: Name | None
    unit: str | None = Field(
        description="Of value and limit; of a rate per time, such as `m/h`. Null for"
        " flags of quality tests (3 suspect, 4 fail), scores and counts."
    )
    severity: Severity
    level: Name | None = Field(description="Name of the severity's level.")
    state: ShownState
    quiet: QuietNow | None
    assignee: str | None = Field(description="Who takes care of it.")
    retroactive: bool = Field(description="Learnt of when it was over: woke nobody.")
    onset: datetime = Field(description="First reading beyond the limit.")
    raised_at: datetime = Field(description="End of the on-delay.")
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    value: float
    limit: float
    direction: Direction
    version: int


class AlertEvent(Answer):
    """One line of an alert's history."""

    kind: EventKind
    at: datetime
    recorded_at: datetime
    actor: str
    severity: Severity
    value: float | None
    detail: dict[str, Any]


class Delivery(Answer):
    """One attempt to tell a channel."""

    id: UUID
    message: UUID
    channel: str
    event: EventKind
    state: Literal["pending", "delivered", "dead"]
    at: datetime
    attempt: int
    status: int | None
    error: str | None
    duration_ms: float


class TickedStep(Answer):
    """A step of an alert's checklist, and who has done it."""

    code: str
    zh: str
    en: str
    done_by: str | None
    done_at: datetime | None


class AlertDetail(Alert):
    """An alert with its history and the attempts to tell of it, oldest first.

    `checklist` is the response plan of its rule, and who has done each step.
    """

    model_config = example(
        {
            **_ALERT,
            "events": [
                {
                    "kind": "raised",
                    "at": "2026-11-22T10:10:00Z",
                    "recorded_at": "2026-11-22T10:10:03Z",
                    "actor": "engine",
                    "severity": "medium",
                    "value": 1.86,
                    "detail": {},
                }
            ],
            "deliveries": [],
            "checklist": [
                {
                    "code": "pump",
                    "zh": "确认排水泵已启动",
                    "en": "Check that the drain pump runs",
                    "done_by": "Li",
                    "done_at": "2026-11-22T10:12:00Z",
                }
            ],
        }
    )

    events: list[AlertEvent]
    deliveries: list[Delivery]
    checklist: list[TickedStep]


Person = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=MAXIMUM_ACTOR)
]
Signed = Annotated[
    Person | None,
    Field(
        default=None,
        description="Who does it. Needed as long as there are no users; then it is who"
        " has logged in, whatever stands here.",
    ),
]
Remark = Annotated[str, StringConstraints(strict=True, max_length=MAXIMUM_COMMENT)]


class Acknowledgement(Request):
    """Who does something with an alert, and what they say about it."""

    actor: Signed
    comment: Remark = ""
    version: StrictInt | None = Field(
        default=None, description="What was seen; 409 when it has changed since."
    )


class Shelving(Acknowledgement):
    """Who shelves an alert, why (`comment`), and until when on the park's clock."""

    until: Moment


class Assignment(Acknowledgement):
    """Who takes care of an alert from now on; null: nobody."""

    assignee: Person | None


class Acknowledgements(Request):
    """Several alerts that somebody has seen."""

    ids: list[UUID] = Field(min_length=1, max_length=MOST_AT_ONCE)
    actor: Signed
    comment: Remark = ""


class Outcome(Answer):
    """What has become of one alert: it, or the code of the problem."""

    id: UUID
    alert: Alert | None
    code: str | None


class Outcomes(Answer):
    """What has become of several alerts."""

    model_config = example(
        {
            "items": [
                {
                    "id": _ALERT["id"],
                    "alert": {
                        **_ALERT,
                        "state": "acknowledged",
                        "acknowledged_at": "2026-11-22T10:12:00Z",
                        "acknowledged_by": "Li",
                        "version": 2,
                    },
                    "code": None,
                }
            ]
        }
    )

    items: list[Outcome]
