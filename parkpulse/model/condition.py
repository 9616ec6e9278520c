"""When a rule's condition held, and the rows that record what was made of it.

Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from parkpulse.model.alert import EventKind, Severity, State

Key = tuple[int, str]
"""Rule id and subject: what an alert is of."""


class Step(NamedTuple):
    """From `ts` on the condition had this severity, because of this value."""

    ts: int
    severity: Severity
    value: float


class Interval(Struct, frozen=True, kw_only=True):
    """A stretch of time in which a rule's condition held.

    `onset` is the first reading beyond the limit, `raised` the end of the on-delay,
    `cleared` the end of the off-delay, None while the condition lasts. `retroactive`
    says that nobody was called for it.
    """

    onset: int
    raised: int
    cleared: int | None
    steps: tuple[Step, ...]
    retroactive: bool = False
    alert_id: UUID | None = None

    @property
    def severity(self) -> Severity:
        """The last one."""
        return self.steps[-1].severity

    def same_course(self, other: Interval) -> bool:
        """Whether the readings say the same of both."""
        return (self.onset, self.raised, self.cleared, self.steps) == (
            other.onset,
            other.raised,
            other.cleared,
            other.steps,
        )

    def overlaps(self, other: Interval) -> bool:
        """Whether there is a moment at which both hold or wait for their delay."""
        return (other.cleared is None or self.onset < other.cleared) and (
            self.cleared is None or other.onset < self.cleared
        )


class AlertRow(Struct, frozen=True, kw_only=True):
    """An alert as stored; `onset` to `cleared` are of its newest interval."""

    id: UUID
    rule_id: int
    subject: str
    park_id: int
    place_id: int | None
    device_id: int | None
    series_id: int | None
    severity: Severity
    state: State
    retroactive: bool
    onset: int
    raised: int
    cleared: int | None
    acknowledged: int | None
    acknowledged_by: str | None
    value: float
    limit: float
    version: int
    assignee: str | None = None


class EventRow(Struct, frozen=True, kw_only=True):
    """One line of an alert's history, which is never changed."""

    alert_id: UUID
    rule_id: int
    subject: str
    kind: EventKind
    at: int
    actor: str
    severity: Severity
    value: float | None
    detail: dict[str, object]
