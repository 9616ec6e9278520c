"""Alert rules, their versions and back-tests."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from api.schemas.common import Answer, Code, Moment, Name, Paged, Request, Text
from parkpulse.model.alert import Severity
from parkpulse.query.rule_edits import MAXIMUM_NOTE

_Actor = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]
_Note = Annotated[
    str, StringConstraints(max_length=MAXIMUM_NOTE, pattern=r"^[^\x00]*$")
]


class RulesQuery(Paged):
    """Which rules."""

    park: Code | None = None
    kind: Code | None = None
    enabled: bool | None = None
    q: Text | None = None


class RuleBody(Request):
    """A rule as it shall be; `definition` is told by its `kind`."""

    code: Code
    name: dict[str, Text]
    definition: dict[str, Any]
    source: Text
    enabled: bool = True

    def document(self) -> dict[str, Any]:
        """Return what the rule says."""
        names = ("code", "name", "definition", "source", "enabled")
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

    id: int
    park: str | None
    version: int
    edited: bool
    code: str
    name: Name
    definition: dict[str, Any]
    source: str
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
    enabled: bool


class RuleDetail(Rule):
    """A rule with all its versions, newest first."""

    versions: list[RuleVersion]


class BacktestDay(Answer):
    """Alerts that would have been raised on a civil day."""

    day: str
    alerts: int


class BacktestDevice(Answer):
    """How often and how long the rule would have spoken of a device."""

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
