"""Response plans: an alert's checklist, and what local controllers may be asked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from parkpulse.model.alert import Severity
from parkpulse.model.registry import Name

if TYPE_CHECKING:
    from collections.abc import Mapping

_Text = Annotated[str, Meta(min_length=1, max_length=500)]
_Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
_Argument = Annotated[str, Meta(max_length=200)] | bool | int | float


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do, in both languages."""

    code: _Code
    zh: _Text
    en: _Text


Steps = Annotated[list[Step], Meta(max_length=50)]


class Planned(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command that may be sent to a local controller when the rule's alert is raised.

    Parameters
    ----------
    code
        Within the plan.
    device
        The controller, a device of the park.
    name
        What it is asked for: `start_pump`, `ventilate`.
    arguments
        With what.
    timeout_s
        After so long it must not act any more, and its answer is late. [s]
    automatic
        Whether the engine asks by itself, once for each raise; else a person does.
    min_severity
        Least severity at which the engine asks.
    zh, en
        What it is called.
    """

    code: _Code
    device: _Code
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    arguments: Annotated[
        dict[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")], _Argument],
        Meta(max_length=20),
    ] = {}
    timeout_s: Annotated[int, Meta(ge=5, le=3600)] = 60
    automatic: bool = False
    min_severity: Severity = "low"
    zh: _Text
    en: _Text


Commands = Annotated[list[Planned], Meta(max_length=10)]
CommandState = Literal[
    "requested", "sent", "confirmed", "refused", "timed_out", "withdrawn"
]
"""`requested`: waits to be sent; `withdrawn`: was never sent, `reason` says why."""
Withdrawal = Literal["expired", "alert_over", "quiet", "data_clock"]
WITHDRAWALS: Mapping[str, Name] = {
    "expired": Name("消息代理中断过久", "the broker was away too long"),
    "alert_over": Name("告警已结束", "the alert was over"),
    "quiet": Name("告警处于静默", "the alert was quiet"),
    "data_clock": Name("此园区为数据回放", "this park replays data"),
}
"""Why a command was never sent, in words."""


class Command(Struct, frozen=True, kw_only=True):
    """A request to a local controller, and what became of it; times are wall times."""

    id: UUID
    code: str
    device: str
    name: str
    arguments: dict[str, str | bool | int | float]
    automatic: bool
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    state: CommandState
    sent_at: datetime | None
    settled_at: datetime | None
    reason: str | None


class Outlook(Struct, frozen=True, kw_only=True):
    """What decides whether a command may still be sent."""

    clock: str
    """Of the park: `wall` or `data`."""
    lasts: bool
    """Whether the alert's condition lasts."""
    is_quiet: bool
    """Whether nobody is called for the alert now."""
    is_automatic: bool
    has_expired: bool


def withdrawal(outlook: Outlook) -> Withdrawal | None:
    """Tell why a command must not be sent; None if it may.

    A person may ask while the alert is quiet, the engine does not.
    """
    if outlook.clock != "wall":
        return "data_clock"
    if outlook.has_expired:
        return "expired"
    if not outlook.lasts:
        return "alert_over"
    if outlook.is_automatic and outlook.is_quiet:
        return "quiet"
    return None


class Ticked(Struct, frozen=True):
    """A step of an alert's checklist, and who has done it, if anybody has."""

    code: str
    zh: str
    en: str
    done_by: str | None
    done_at: datetime | None
