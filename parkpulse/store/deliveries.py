"""The delivery log, and messages that were given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from uuid_utils import compat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import LiteralString
    from uuid import UUID

    from parkpulse.store.pool import Connection

State = Literal["pending", "delivered", "dead"]
STATES: tuple[State, ...] = ("pending", "delivered", "dead")
Order = Literal["at", "-at"]


class Attempt(NamedTuple):
    """How an attempt to send a message ended."""

    outbox_id: UUID
    attempt: int
    status: int | None
    error: str | None
    duration_ms: float
    letter: UUID | None = None
    """Id of the message as it was sent; the messages of a digest share it."""


class Delivery(NamedTuple):
    """An attempt as the delivery log shows it."""

    id: UUID
    message: UUID
    channel: str
    alert: UUID
    event: str
    state: State
    at: datetime
    attempt: int
    status: int | None
    error: str | None
    duration_ms: float
    letter: UUID | None


class OfAlert(NamedTuple):
    """One attempt to tell a channel of an alert."""

    id: UUID
    message: UUID
    channel: str
    event: str
    state: State
    at: datetime
    attempt: int
    status: int | None
    error: str | None
    duration_ms: float


class Outgoing(NamedTuple):
    """A message and how its last attempt ended."""

    id: UUID
    channel: str
    kind: str
    park: str
    alert: UUID
    event: str
    severity: str
    state: State
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    last_at: datetime | None
    last_status: int | None
    last_error: str | None
    letter: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which messages are wanted; None does not restrict."""

    park: str | None = None
    channel: str | None = None
    state: State | None = None
    alert: UUID | None = None
    since: datetime | None = None


def log(conn: Connection, attempts: Sequence[Attempt]) -> None:
    """Append to the delivery log."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into delivery"
            " (id, outbox_id, attempt, status, error, duration_ms, letter)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [(compat.uuid7(), *each) for each in attempts],
        )


def attempts(
    conn: Connection, channel: str | None, state: str | None, limit: int
) -> list[Delivery]:
    """Newest attempts of the delivery log; None does not restrict."""
    rows = conn.execute(
        """
        select d.id, o.id, c.name, o.alert_id, e.kind, o.state, d.at, d.attempt,
            d.status, d.error, d.duration_ms, d.letter
        from delivery d
        join outbox o on o.id = d.outbox_id
        join channel c on c.id = o.channel_id
        join alert_event e on e.id = o.alert_event_id
        where (%(channel)s::text is null or c.name = %(channel)s)
            and (%(state)s::text is null or o.state = %(state)s)
        order by d.at desc, d.id desc limit %(limit)s
        """,
        {"channel": channel, "state": state, "limit": limit},
    )
    return [Delivery(*row) for row in rows]


_ORDERS: Mapping[Order, tuple[LiteralString, LiteralString]] = {
    "-at": ("<", "o.created_at desc, o.id desc"),
    "at": (">", "o.created_at, o.id"),
}


def page(
    conn: Connection,
    search: Search,
    order: Order,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Outgoing]:
    """Messages that are wanted by the time they were put in, each with its last try."""
    beyond, sorting = _ORDERS[order]
    moment, message = after or (None, None)
    rows = conn.execute(
        """
        select o.id, c.name, c.kind, park.code, o.alert_id, e.kind, e.severity, o.state,
            o.attempts, o.created_at, o.next_attempt_at, d.at, d.status, d.error,
            d.letter
        from outbox o
        join channel c on c.id = o.channel_id
        join alert a on a.id = o.alert_id
        join park on park.id = a.park_id
        join alert_event e on e.id = o.alert_event_id
        left join lateral (
            select at, status, error, letter from delivery where outbox_id = o.id
            order by at desc, id desc limit 1) d on true
        where (%(park)s::text is null or park.code = %(park)s)
            and (%(channel)s::text is null or c.name = %(channel)s)
            and (%(state)s::text is null or o.state = %(state)s)
            and (%(alert)s::uuid is null or o.alert_id = %(alert)s)
            and (%(since)s::timestamptz is null or o.created_at >= %(since)s)
            and (%(id)s::uuid is null or (o.created_at, o.id) """  # noqa: S608 - all parts are literals
        + beyond
        + " (%(moment)s, %(id)s)) order by "
        + sorting
        + " limit %(limit)s",
        {
            "park": search.park,
            "channel": search.channel,
            "state": search.state,
            "alert": search.alert,
            "since": search.since,
            "moment": moment,
            "id": message,
            "limit": limit,
        },
    )
    return [Outgoing(*row) for row in rows]


def resend(
    conn: Connection, *, channel: str | None = None, message: UUID | None = None
) -> int:
    """Send given-up messages again as if they were new; return how many.

    Only those whose channel stands and is switched on.
    """
    rows = conn.execute(
        """
        update outbox o set state = 'pending', attempts = o.attempts + 1,
            created_at = clock_timestamp(), next_attempt_at = clock_timestamp(),
            claimed_until = null, claimed_by = null
        from channel c
        where c.id = o.channel_id and o.state = 'dead' and c.enabled
            and c.removed_at is null
            and (%(channel)s::text is null or c.name = %(channel)s)
            and (%(message)s::uuid is null or o.id = %(message)s)
        returning o.id
        """,
        {"channel": channel, "message": message},
    ).fetchall()
    if rows:
        conn.execute("select pg_notify('outbox', '')")
    return len(rows)


def of_alert(conn: Connection, alert_id: UUID) -> list[OfAlert]:
    """Return all attempts to tell of an alert, oldest first."""
    rows = conn.execute(
        """
        select d.id, o.id, c.name, e.kind, o.state, d.at, d.attempt, d.status, d.error,
            d.duration_ms
        from outbox o
        join delivery d on d.outbox_id = o.id
        join channel c on c.id = o.channel_id
        join alert_event e on e.id = o.alert_event_id
        where o.alert_id = %s order by d.at, d.id
        """,
        [alert_id],
    )
    return [OfAlert(*row) for row in rows]
