"""The quarantine: messages, or values of them, that were not stored, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from parkpulse.store import directions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.pool import Connection

State = Literal["open", "replayed", "discarded"]

KIND = "quarantine entry"
"""What is said not to exist."""
KEPT_BYTES = 64 * 1024
"""How much of a payload is kept; length and hash are of the whole."""
KEPT_AN_HOUR = 1000
"""After so many of one (park, device, reason, hour) they are only counted."""


class Entry(NamedTuple):
    """A message that was refused, whole or in part."""

    id: UUID
    at: datetime
    """When it was received."""
    writer: str
    source: str
    """Source in the ledger."""
    park: str | None
    device: str | None
    format: str | None
    topic: bytes
    reason: str
    detail: str
    raw: bytes
    length: int
    sha256: bytes
    is_whole: bool
    """Whether nothing of the message was stored."""
    refused: int
    """Number of refused values; 0 if the message could not be read."""
    state: State = "open"
    state_at: datetime | None = None
    note: str = ""
    """Why it was discarded."""


def put(connection: Connection, entries: Sequence[Entry]) -> int:
    """Keep messages, up to a limit an hour; return how many were only counted."""
    kept = _within_limits(connection, entries)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into quarantine (id, at, writer, source, park, device, format,"
            "  topic, reason, detail, raw, length, sha256, whole, refused, state,"
            "  state_at, note) values (%s, %s, %s, %s, %s, %s, %s, %b, %s, %s, %b, %s,"
            "  %b, %s, %s, %s, %s, %s)",
            kept,
        )
    return len(entries) - len(kept)


def _within_limits(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    groups: dict[tuple[datetime, str, str, str], list[Entry]] = {}
    for entry in entries:
        hour = entry.at.replace(minute=0, second=0, microsecond=0)
        key = (hour, entry.park or "?", entry.device or "?", entry.reason)
        groups.setdefault(key, []).append(entry)
    if not groups:
        return []
    ordered = sorted(groups)
    columns = zip(*((*key, len(groups[key])) for key in ordered), strict=True)
    rows = connection.execute(
        "insert into quarantine_count as q (hour, park, device, reason, n)"
        " select * from unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[],"
        "  %s::bigint[])"
        " on conflict (hour, park, device, reason) do update set n = q.n + excluded.n"
        " returning hour, park, device, reason, n",
        [list(column) for column in columns],
    )
    kept: list[Entry] = []
    for hour, park, device, reason, count in rows:
        group = groups[hour, park, device, reason]
        before = count - len(group)
        kept += group[: max(KEPT_AN_HOUR - before, 0)]
    return kept


def page(
    connection: Connection,
    limit: int,
    *,
    park: str | None = None,
    reason: str | None = None,
    state: State | None = None,
    since: datetime | None = None,
    device: str | None = None,
    until: datetime | None = None,
    after: tuple[datetime, UUID] | None = None,
    order: str = "-at",
) -> list[Entry]:
    """Return entries, without their raw bytes.

    Parameters
    ----------
    connection
        Open connection.
    limit
        Most entries returned.
    park, reason, state, since, device, until
        What entries must have; None is anything.
    after
        (at, id) of the last entry of the page before.
    order
        `-at`: newest first, or `at`.
    """
    beyond, sorting = directions.of(order)
    rows = connection.execute(
        "select id, at, writer, source, park, device, format, topic, reason, detail,"  # noqa: S608 - all parts are literals
        "  ''::bytea, length, sha256, whole, refused, state, state_at, note"
        " from quarantine"
        " where (%(park)s::text is null or park = %(park)s)"
        " and (%(reason)s::text is null or reason = %(reason)s)"
        " and (%(state)s::text is null or state = %(state)s)"
        " and (%(since)s::timestamptz is null or at >= %(since)s)"
        " and (%(device)s::text is null or device = %(device)s)"
        " and (%(until)s::timestamptz is null or at < %(until)s)"
        " and (%(at)s::timestamptz is null or (at, id) "
        + beyond
        + " (%(at)s, %(id)s::uuid)) order by at "
        + sorting
        + ", id "
        + sorting
        + " limit %(limit)s",
        {
            "park": park,
            "reason": reason,
            "state": state,
            "since": since,
            "device": device,
            "until": until,
            "at": after and after[0],
            "id": after and after[1],
            "limit": limit,
        },
    )
    return [Entry(*row) for row in rows]


class ReasonCount(NamedTuple):
    """Messages of an hour of receipt that were refused for one reason."""

    hour: datetime
    park: str
    """`?` where the message could not be attributed to a park."""
    reason: str
    n: int


def reasons(
    connection: Connection, start: datetime, end: datetime, park: str | None = None
) -> list[ReasonCount]:
    """Count what was refused, whole or in part, in the hours that begin in a time."""
    rows = connection.execute(
        "select hour, park, reason, sum(n)::bigint from quarantine_count"
        " where hour >= %s and hour < %s and (%s::text is null or park = %s)"
        " group by hour, park, reason order by hour, park, reason",
        [start, end, park, park],
    )
    return [ReasonCount(*row) for row in rows]


def get(connection: Connection, entry_id: UUID) -> Entry | None:
    """Return an entry with its raw bytes."""
    row = connection.execute(
        "select id, at, writer, source, park, device, format, topic, reason, detail,"
        "  raw, length, sha256, whole, refused, state, state_at, note"
        " from quarantine where id = %s",
        [entry_id],
    ).fetchone()
    return None if row is None else Entry(*row)


def lock(connection: Connection, entry_id: UUID) -> Entry | None:
    """Return an entry that nobody else changes until the end of the transaction."""
    connection.execute("select from quarantine where id = %s for update", [entry_id])
    return get(connection, entry_id)


def settle(
    connection: Connection, entry_id: UUID, state: State, note: str = ""
) -> None:
    """Mark an entry as replayed or discarded, and why."""
    connection.execute(
        "update quarantine set state = %s, state_at = now(), note = %s where id = %s",
        [state, note, entry_id],
    )


def restate(connection: Connection, entry: Entry) -> None:
    """Say why a message is still refused after a replay, and how much of it is."""
    connection.execute(
        "update quarantine set reason = %s, detail = %s, refused = %s, whole = %s"
        " where id = %s",
        [entry.reason, entry.detail, entry.refused, entry.is_whole, entry.id],
    )
