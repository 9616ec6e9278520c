"""Messages on their way: written with the alert, claimed, delivered or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uuid_utils import compat

from parkpulse.model.alert import Severity, rank
from parkpulse.store import quiet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.pool import Connection

CHANNEL = "outbox"
"""Notified whenever something was put in."""


class Message(NamedTuple):
    """What happened to an alert, as it is sent to every channel that wants it."""

    event_id: int
    alert_id: UUID
    park_id: int
    severity: Severity
    body: str


class Due(NamedTuple):
    """A message that this process has claimed and must send now."""

    id: UUID
    channel_id: int
    channel: str
    url: str
    secret: bytes
    """Encrypted."""
    failures: int
    body: str
    attempts: int
    """This one included."""
    age_s: float
    """Since it was put in. [s]"""


class Attempt(NamedTuple):
    """How an attempt to send a message ended."""

    outbox_id: UUID
    attempt: int
    status: int | None
    error: str | None
    duration_ms: float


class Delivery(NamedTuple):
    """An attempt as the delivery log shows it."""

    id: UUID
    message: UUID
    channel: str
    alert: UUID
    event: str
    state: str
    at: datetime
    attempt: int
    status: int | None
    error: str | None
    duration_ms: float


def put(conn: Connection, messages: Sequence[Message]) -> None:
    """Address messages to each channel of the park that wants this severity.

    A channel that was told of an alert also hears how it goes on. What concerns a
    quiet alert is withheld. A person's own channel is told by escalation.
    """
    held = quiet.withhold(conn, {each.alert_id for each in messages})
    messages = [each for each in messages if each.alert_id not in held]
    if not messages:
        return
    channels = conn.execute(
        """
        select id, park_id, case when exists (
            select from duty_contact d where d.channel_id = channel.id)
            then 'nothing' else min_severity end
        from channel where enabled order by id
        """
    ).fetchall()
    told = _told(conn, {each.alert_id for each in messages})
    rows = []
    for message in messages:
        for channel_id, park_id, least in channels:
            key = (channel_id, message.alert_id)
            wanted = key in told or (
                least != "nothing" and rank(message.severity) >= rank(least)
            )
            if park_id in {None, message.park_id} and wanted:
                told.add(key)
                rows.append((compat.uuid7(), *key, message.event_id, message.body))
    _insert(conn, rows)


def put_to(conn: Connection, message: Message, channel_ids: Iterable[int]) -> None:
    """Address a message to these channels, whatever they want otherwise."""
    _insert(
        conn,
        [
            (
                compat.uuid7(),
                channel_id,
                message.alert_id,
                message.event_id,
                message.body,
            )
            for channel_id in sorted(channel_ids)
        ],
    )


def _insert(conn: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into outbox (id, channel_id, alert_id, alert_event_id, body)"
            " values (%s, %s, %s, %s, %s)",
            rows,
        )
    if rows:
        conn.execute("select pg_notify(%s, '')", [CHANNEL])


def is_told(conn: Connection, alert_id: UUID) -> bool:
    """Whether any channel was told of an alert."""
    return bool(_told(conn, [alert_id]))


def _told(conn: Connection, alert_ids: Iterable[UUID]) -> set[tuple[int, UUID]]:
    rows = conn.execute(
        "select distinct channel_id, alert_id from outbox where alert_id = any(%s)",
        [list(alert_ids)],
    )
    return {(channel_id, alert_id) for channel_id, alert_id in rows}


def claim(conn: Connection, limit: int, per_channel: int, lease_s: float) -> list[Due]:
    """Take messages that are due; nobody else has them until the lease ends.

    Of one (channel, alert) only the oldest message may be taken. A channel has at most
    `per_channel` messages taken at once, and one while it does not answer.
    """
    rows = conn.execute(
        """
        with room as (
            select c.id, case when c.failures > 0 then 1 else %(per_channel)s end - (
                select count(*) from outbox t
                where t.channel_id = c.id and t.state = 'pending'
                    and t.claimed_until > clock_timestamp()) as free
            from channel c
            where c.enabled and c.paused_until <= clock_timestamp()
        ), due as (
            select first.id from room cross join lateral (
                select o.id, o.alert_event_id from outbox o
                where o.channel_id = room.id and o.state = 'pending'
                    and o.next_attempt_at <= clock_timestamp()
                    and (o.claimed_until is null
                        or o.claimed_until <= clock_timestamp())
                    and not exists (
                        select from outbox earlier
                        where earlier.channel_id = o.channel_id
                            and earlier.alert_id = o.alert_id
                            and earlier.state = 'pending'
                            and earlier.alert_event_id < o.alert_event_id)
                order by o.alert_event_id
                limit greatest(room.free, 0)
            ) first
            order by first.alert_event_id limit %(limit)s
        ), taken as (
            select o.id from outbox o join due on due.id = o.id
            where o.state = 'pending' and (
                o.claimed_until is null or o.claimed_until <= clock_timestamp())
            order by o.id
            for update of o skip locked
        )
        update outbox o set
            attempts = o.attempts + 1,
            claimed_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
        from taken, channel c
        where o.id = taken.id and c.id = o.channel_id
        returning o.id, c.id, c.name, c.url, c.secret, c.failures, o.body, o.attempts,
            extract(epoch from clock_timestamp() - o.created_at)::float8
        """,
        {"limit": limit, "per_channel": per_channel, "lease_s": lease_s},
    )
    return [Due(*row) for row in rows]


def log(conn: Connection, attempt: Attempt) -> None:
    """Append to the delivery log."""
    conn.execute(
        """
        insert into delivery (id, outbox_id, attempt, status, error, duration_ms)
        values (%s, %s, %s, %s, %s, %s)
        """,
        [compat.uuid7(), *attempt],
    )


def finish(conn: Connection, due: Due, state: str) -> None:
    """Mark a message as `delivered` or `dead`."""
    conn.execute(
        "update outbox set state = %s, claimed_until = null where id = %s",
        [state, due.id],
    )


def postpone(conn: Connection, due: Due, seconds: float) -> None:
    """Try the message again after a time [s]."""
    conn.execute(
        """
        update outbox set claimed_until = null,
            next_attempt_at = clock_timestamp() + make_interval(secs => %s)
        where id = %s and state = 'pending'
        """,
        [seconds, due.id],
    )


def deliveries(
    conn: Connection, channel: str | None, state: str | None, limit: int
) -> list[Delivery]:
    """Newest attempts of the delivery log; None does not restrict."""
    rows = conn.execute(
        """
        select d.id, o.id, c.name, o.alert_id, e.kind, o.state, d.at, d.attempt,
            d.status, d.error, d.duration_ms
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
