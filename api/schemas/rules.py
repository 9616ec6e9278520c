"""Alert rules, their versions and back-tests."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.schemas.common import (
    Answer,
    Code,
    Document,
    Moment,
    Name,
    Request,
    Sorted,
    Text,
    example,
)
from parkpulse.model.alert import Severity
from parkpulse.query.rule_edits import MAXIMUM_NOTE

_RULE: dict[str, Any] = {
    "id": 31,
    "park": "demo",
    "version": 2,
    "edited": True,
    "code": "surge",
    "name": {"zh": "水位急涨", "en": "Surge"},
    "definition": {
        "kind": "rate",
        "metric": "water_level",
        "direction": "above",
        "window_s": 600,
        "levels": [{"severity": "high", "limit": 0.5}],
    },
    "source": "Design document of the river gate",
    "source_zh": "河闸设计文件",
    "enabled": True,
}
_VERSION: dict[str, Any] = {
    "version": 2,
    "at": "2026-11-22T10:10:00Z",
    "actor": "Li Na",
    "note": "As agreed with the water bureau",
    **{
        name: _RULE[name]
        for name in ("name", "definition", "source", "source_zh", "enabled")
    },
}
_DEVICE = {"park": "demo", "device": "level-lake", "metric": "water_level"}
_BACKTEST: dict[str, Any] = {
    "start": "2026-10-01T00:00:00Z",
    "end": "2026-11-01T00:00:00Z",
    "series": 3,
    "readings": 133920,
    "is_complete": True,
    "alerts": 1,
    "still_active": 0,
    "by_severity": {"high": 1},
    "active_s": 1800.0,
    "median_s": 1800.0,
    "longest_s": 1800.0,
    "days": [{"day": "2026-10-12", "alerts": 1}],
    "devices": [{**_DEVICE, "alerts": 1, "active_s": 1800.0}],
    "occurrences": [
        {
            **_DEVICE,
            "onset": "2026-10-12T03:10:00Z",
            "raised_at": "2026-10-12T03:10:00Z",
            "cleared_at": "2026-10-12T03:40:00Z",
            "severity": "high",
            "value": 0.62,
        }
    ],
}
_Actor = Annotated[
    Annotated[
        str,
        StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    ]
    | None,
    Field(
        default=None,
        description="Who does it. Needed as long as there are no users; then it is who"
        " has logged in, whatever stands here.",
    ),
]
_IN_CHINESE = "`source` in Chinese; empty: the same."
_Note = Annotated[
    str, StringConstraints(max_length=MAXIMUM_NOTE, pattern=r"^[^\x00]*$")
]


class RulesQuery(Sorted):
    """Which rules."""

    sort: Literal["code", "-code", "park", "-park", "id", "-id"] = "code"
    park: Code | None = None
    kind: Code | None = None
    enabled: bool | None = None
    q: Text | None = None


class RuleBody(Request):
    """A rule as it shall be; `definition` is told by its `kind`.

    Kinds: threshold, rate, rolling_sum, absence, quality, anomaly, kpi, balance,
    projection, drift, composition.
    """

    code: Code
    name: dict[str, Text]
    definition: Document
    source: Text
    source_zh: Text = Field(default="", description=_IN_CHINESE)
    enabled: bool = True

    def document(self) -> dict[str, Any]:
        """Return what the rule says."""
        names = ("code", "name", "definition", "source", "source_zh", "enabled")
        return {name: getattr(self, name) for name in names}


class NewRule(RuleBody):
    """A rule of a park, or without one of all parks; with who wants it and why."""

    park: Code | None = None
    actor: _Actor
    note: _Note = ""


class ReplacedRule(RuleBody):
    """A new version; `version` is the one seen, unless If-Match tells it."""

    actor: _Actor
    note: _Note = ""
    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class Switch(Request):
    """Who switches a rule and why."""

    actor: _Actor
    note: _Note = ""
    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class BacktestBody(RuleBody):
    """A rule and the history to try it on."""

    park: Code | None = None
    start: Moment
    end: Moment


class Rule(Answer):
    """A rule; `park` is null for one of all parks."""

    model_config = example(_RULE)

    id: int
    park: str | None
    version: int
    edited: bool
    code: str
    name: Name
    definition: dict[str, Any]
    source: str
    source_zh: str = Field(description=_IN_CHINESE)
    enabled: bool


class RuleVersion(Answer):
    """A rule as it was from `at` on."""

    version: int
    at: datetime
    actor: str
    note: str
    name: Name
    definition: dict[str, Any]
    source: str
    source_zh: str = Field(description=_IN_CHINESE)
    enabled: bool


class RuleDetail(Rule):
    """A rule with all its versions, newest first."""

    model_config = example({**_RULE, "versions": [_VERSION]})

    versions: list[RuleVersion]


class BacktestDay(Answer):
    """Alerts that would have been raised on a civil day."""

    day: str
    alerts: int


class BacktestDevice(Answer):
    """How often and how long the rule would have spoken of a subject.

    `device` is the data centre or the place for rules of these, `metric` then says
    which figure.
    """

    park: str
    device: str
    metric: str
    alerts: int
    active_s: float


class Occurrence(Answer):
    """A condition that would have held."""

    park: str
    device: str
    metric: str
    onset: datetime
    raised_at: datetime
    cleared_at: datetime | None
    severity: Severity
    value: float


class Backtest(Answer):
    """What a rule would have done."""

    model_config = example(_BACKTEST)

    start: datetime
    end: datetime
    series: int
    readings: int
    is_complete: bool
    alerts: int
    still_active: int
    by_severity: dict[str, int]
    active_s: float
    median_s: float | None
    longest_s: float | None
    days: list[BacktestDay]
    devices: list[BacktestDevice]
    occurrences: list[Occurrence]
