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
Action = Literal["raise", "acknowledge", "clear", "worsen", "ease", "release"]
ACTIONS: tuple[Action, ...] = (
    "raise",
    "acknowledge",
    "clear",
    "worsen",
    "ease",
    "release",
)
"""`worsen` and `ease` change the severity of a condition that lasts; `release` is the
end of shelving, suppression or being out of service."""
Quiet = Literal["shelved", "suppressed_by_design", "out_of_service"]
"""States of ISA-18.2 in which a condition is recorded and nobody is called."""
QUIETS: tuple[Quiet, ...] = ("shelved", "suppressed_by_design", "out_of_service")
QuietKind = Literal[Quiet, "maintenance"]
ShownState = Literal[State, Quiet]
SHOWN_STATES: tuple[ShownState, ...] = (*STATES, *QUIETS)
QuietAction = Literal[
    "shelve",
    "unshelve",
    "suppress",
    "unsuppress",
    "take out of service",
    "return to service",
]
EventKind = Literal[
    "raised",
    "severity",
    "cleared",
    "acknowledged",
    "revised",
    "shelved",
    "unshelved",
    "suppressed",
    "unsuppressed",
    "out_of_service",
    "in_service",
    "assigned",
    "commented",
    "escalated",
    "step_done",
    "step_undone",
    "command_requested",
    "command_confirmed",
    "command_refused",
    "command_timed_out",
    "command_withdrawn",
]
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
    # What lasts when the quiet ends asks for an answer; what is over does not.
    ("unacknowledged", "release"): "unacknowledged",
    ("acknowledged", "release"): "unacknowledged",
    ("returned_unacknowledged", "release"): "normal",
    ("normal", "release"): "normal",
}
"""ISA-18.2: normal (A), unacknowledged (B), acknowledged (C), returned (D)."""
QUIET_TRANSITIONS: Mapping[tuple[Quiet | None, QuietAction], Quiet | None] = {
    (None, "shelve"): "shelved",
    ("shelved", "shelve"): "shelved",
    ("shelved", "unshelve"): None,
    (None, "suppress"): "suppressed_by_design",
    ("suppressed_by_design", "unsuppress"): None,
    (None, "take out of service"): "out_of_service",
    ("shelved", "take out of service"): "out_of_service",
    ("suppressed_by_design", "take out of service"): "out_of_service",
    ("out_of_service", "return to service"): None,
}
"""ISA-18.2: shelved (G), suppressed by design (H), out of service (I).

They lie over the states above, which go on beneath with the readings. Shelving again
moves its end; what is worse than shelved cannot be shelved.
"""


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


def quiet_after(quiet: Quiet | None, state: State, action: QuietAction) -> Quiet | None:
    """Return the quiet that an action leads to.

    Parameters
    ----------
    quiet
        The present one, if any.
    state
        Of the alert beneath: only one that is not over can become quiet.
    action
        What somebody does.

    Raises
    ------
    IllegalTransitionError
        The alert does not allow the action.
    """
    key = quiet, action
    known = key in QUIET_TRANSITIONS
    if not known or (state == "normal" and QUIET_TRANSITIONS[key] is not None):
        raise IllegalTransitionError(shown(state, quiet), action)
    return QUIET_TRANSITIONS[key]


def shown(state: State, quiet: Quiet | None) -> ShownState:
    """Return the state that people see."""
    return state if quiet is None or state == "normal" else quiet


def may_acknowledge(state: State, quiet: Quiet | None) -> None:
    """Raise IllegalTransitionError unless the alert waits for an acknowledgement."""
    if shown(state, quiet) != state:
        raise IllegalTransitionError(shown(state, quiet), "acknowledge")
    after(state, "acknowledge")


def rank(severity: Severity) -> int:
    """0 for the least severe."""
    return SEVERITIES.index(severity)


class RuleName(Struct, frozen=True):
    """The rule behind an alert; its kind tells of what value and limit are."""

    code: str
    name: Name
    kind: str = "threshold"


class QuietNow(Struct, frozen=True, kw_only=True):
    """Why nobody is called for an alert, until when, and who has said so."""

    kind: QuietKind
    since: datetime
    until: datetime | None
    actor: str
    reason: str


class Alert(Struct, frozen=True, kw_only=True):
    """An alert as the API, the page and messages show it.

    `onset` is the first reading beyond the limit, `raised_at` the end of the on-delay;
    both, and `cleared_at`, are of the newest stretch of the condition. `value` is the
    reading that set the present severity, `limit` that severity's, both in `unit`: of a
    rate it is per time; flags of quality tests, scores and counts have none.
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
    state: ShownState
    quiet: QuietNow | None = None
    assignee: str | None = None
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
