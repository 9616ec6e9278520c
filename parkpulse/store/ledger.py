"""The ledger: what became of every message, by hour of receipt and source.

For each source, received = stored + duplicate + quarantined. `received` is counted
apart from the outcomes, so that a message lost on the way shows as a difference.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from parkpulse.store.pool import Connection

Key = tuple["datetime", str]
"""Hour of receipt and source (`park/format`)."""


@dataclass(slots=True)
class Counts:
    """Numbers of messages, then of values; `dropped_by_broker` never reached us."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0
    values_stored: int = 0
    values_duplicate: int = 0
    values_corrected: int = 0
    values_refused: int = 0
    dropped_by_broker: int = 0

    def __add__(self, other: Counts) -> Counts:
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Counts(*(one + another for one, another in pairs))

    @property
    def is_balanced(self) -> bool:
        """Whether every message that was received has an outcome."""
        return self.received == self.stored + self.duplicate + self.quarantined


class LedgerRow(NamedTuple):
    """Counts of one hour and source, summed over all writers."""

    hour: datetime
    source: str
    counts: Counts


def add(connection: Connection, writer: str, counts: Mapping[Key, Counts]) -> None:
    """Add to the counts of each (hour, source)."""
    rows = [
        (hour, source, *astuple(each))
        for (hour, source), each in sorted(counts.items())
    ]
    if not rows:
        return
    connection.execute(
        "insert into ledger as l (hour, source, received, stored, duplicate,"
        "  quarantined, values_stored, values_duplicate, values_corrected,"
        "  values_refused, dropped_by_broker, writer)"
        " select *, %s from unnest(%s::timestamptz[], %s::text[], %s::bigint[],"
        "  %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],"
        "  %s::bigint[], %s::bigint[], %s::bigint[])"
        " on conflict (hour, source, writer) do update set"
        "  received = l.received + excluded.received,"
        "  stored = l.stored + excluded.stored,"
        "  duplicate = l.duplicate + excluded.duplicate,"
        "  quarantined = l.quarantined + excluded.quarantined,"
        "  values_stored = l.values_stored + excluded.values_stored,"
        "  values_duplicate = l.values_duplicate + excluded.values_duplicate,"
        "  values_corrected = l.values_corrected + excluded.values_corrected,"
        "  values_refused = l.values_refused + excluded.values_refused,"
        "  dropped_by_broker = l.dropped_by_broker + excluded.dropped_by_broker",
        [writer, *(list(column) for column in zip(*rows, strict=True))],
    )


def hours(
    connection: Connection, start: datetime, end: datetime, park: str | None = None
) -> list[LedgerRow]:
    """Return the counts of the hours that begin in [start, end), by hour and source.

    Parameters
    ----------
    connection
        Open connection.
    start, end
        Aware datetimes.
    park
        Code of the only park wanted; `?` is what could not be attributed to one.
    """
    rows = connection.execute(
        "select hour, source, sum(received)::bigint, sum(stored)::bigint,"
        "  sum(duplicate)::bigint, sum(quarantined)::bigint,"
        "  sum(values_stored)::bigint, sum(values_duplicate)::bigint,"
        "  sum(values_corrected)::bigint, sum(values_refused)::bigint,"
        "  sum(dropped_by_broker)::bigint"
        " from ledger where hour >= %(start)s and hour < %(end)s and"
        "  (%(park)s::text is null or split_part(source, '/', 1) = %(park)s)"
        " group by hour, source order by hour, source",
        {"start": start, "end": end, "park": park},
    )
    return [LedgerRow(hour, source, Counts(*counts)) for hour, source, *counts in rows]


def total(rows: list[LedgerRow]) -> Counts:
    """Sum the counts of all rows."""
    columns = zip(*(astuple(row.counts) for row in rows), strict=True)
    return Counts(*(sum(column) for column in columns))
