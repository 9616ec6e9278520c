"""The ledger for people: hours, totals, and whether it adds up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from parkpulse.errors import InvalidRequestError
from parkpulse.store import ledger as store
from parkpulse.store import quarantine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.query.flow import Flow
    from parkpulse.store.ledger import Counts
    from parkpulse.store.pool import Connection
    from parkpulse.store.quarantine import ReasonCount

DEFAULT_SPAN = timedelta(hours=24)
"""What is shown when nobody says how much."""
LONGEST_SPAN = timedelta(days=92)
"""Most that one request may ask for."""


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """Values by what became of them."""

    stored: int
    duplicate: int
    corrected: int
    refused: int


@dataclass(frozen=True, slots=True)
class CountsView:
    """Messages and values by what became of them."""

    received: int
    stored: int
    duplicate: int
    quarantined: int
    dropped_by_broker: int
    values: ValueCounts


@dataclass(frozen=True, slots=True)
class HourView(CountsView):
    """Counts of one hour of receipt and one source."""

    hour: datetime
    source: str


@dataclass(frozen=True, slots=True)
class LastMinute:
    """What arrived in the last minute."""

    messages: int
    values: int


@dataclass(frozen=True, slots=True)
class LedgerView:
    """What arrived in a time, and whether all of it is accounted for."""

    items: Sequence[HourView]
    totals: CountsView
    balanced: bool
    reasons: Sequence[ReasonCount]
    last_minute: LastMinute


def span(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """Complete and check what was asked for.

    Raises
    ------
    InvalidRequestError
        It is empty or too long.
    """
    # Hours are listed by their beginning: the present one must be in.
    end = end or datetime.now(UTC) + timedelta(hours=1)
    start = start or end - DEFAULT_SPAN
    if start >= end:
        _refuse("empty_period", "the period is empty", "end")
    if end - start > LONGEST_SPAN:
        _refuse("period_too_long", f"more than {LONGEST_SPAN.days} days", "start")
    return start, end


def _refuse(code: str, message: str, pointer: str) -> None:
    raise InvalidRequestError(code, message, pointer)


def view(
    conn: Connection, start: datetime, end: datetime, park: str | None, flow: Flow
) -> LedgerView:
    """Return the hours that begin in [start, end)."""
    rows = store.hours(conn, start, end, park)
    totals = store.total(rows)
    return LedgerView(
        [_hour(row) for row in rows],
        CountsView(*_counts(totals)),
        totals.is_balanced,
        quarantine.reasons(conn, start, end, park),
        LastMinute(flow.messages_last_minute, flow.values_last_minute),
    )


def _hour(row: store.LedgerRow) -> HourView:
    return HourView(*_counts(row.counts), hour=row.hour, source=row.source)


def _counts(counts: Counts) -> tuple[int, int, int, int, int, ValueCounts]:
    values = ValueCounts(
        counts.values_stored,
        counts.values_duplicate,
        counts.values_corrected,
        counts.values_refused,
    )
    return (
        counts.received,
        counts.stored,
        counts.duplicate,
        counts.quarantined,
        counts.dropped_by_broker,
        values,
    )
