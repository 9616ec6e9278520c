"""Alerts: severities, the ISA-18.2 life cycle as a table, and what people see."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from parkpulse.errors import IllegalTransitionError
from parkpulse.model.registry import Name

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
"""From the least (蓝) to the most severe (红)."""
State = Literal["normal", "unacknowledged", "acknowledged", "returned_unacknowledged"]
STATES: tuple[State, ...] = (
    "normal",
    "unacknowledged",
    "acknowledged",
    "returned_unacknowledged",
)
Action = Literal["raise", "acknowledge", "clear", "worsen", "ease"]
ACTIONS: tuple[Action, ...] = ("raise", "acknowledge", "clear", "worsen", "ease")
"""`worsen` and `ease` change the severity of a condition that lasts."""
EventKind = Literal["raised", "severity", "cleared", "acknowledged", "revised"]
Direction = Literal["above", "below"]

TRANSITIONS: Mapping[tuple[State, Action], State] = {
    ("normal", "raise"): "unacknowledged",
    ("unacknowledged", "acknowledge"): "acknowledged",
    ("unacknowledged", "clear"): "returned_unacknowledged",
    ("unacknowledged", "worsen"): "unacknowledged",
    ("unacknowledged", "ease"): "unacknowledged",
    ("acknowledged", "clear"): "normal",
    # Who acknowledged 'low' has not seen 'critical': it asks for an answer again.
    ("acknowledged", "worsen"): "unacknowledged",
    ("acknowledged", "ease"): "acknowledged",
    ("returned_unacknowledged", "acknowledge"): "normal",
    ("returned_unacknowledged", "raise"): "unacknowledged",
}
"""ISA-18.2: normal (A), unacknowledged (B), acknowledged (C), returned (D)."""


def after(state: State, action: Action) -> State:
    """Return the state that an action leads to.

    Raises
    ------
    IllegalTransitionError
        The state does not allow the action.
    """
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise IllegalTransitionError(state, action) from None


def rank(severity: Severity) -> int:
    """0 for the least severe."""
    return SEVERITIES.index(severity)


class RuleName(Struct, frozen=True):
    """The rule behind an alert."""

    code: str
    name: Name


class Alert(Struct, frozen=True, kw_only=True):
    """An alert as the API, the page and messages show it.

    `onset` is the first reading beyond the limit, `raised_at` the end of the on-delay;
    both, and `cleared_at`, are of the newest stretch of the condition. `value` is the
    reading that set the present severity, `limit` that severity's.
    """

    id: str
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
    unit: str | None
    severity: Severity
    level: Name | None
    """Name of the severity's level, such as 警戒水位."""
    state: State
    retroactive: bool
    onset: datetime
    raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    value: float
    limit: float
    direction: Direction
    version: int
