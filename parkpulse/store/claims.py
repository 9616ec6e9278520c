"""Who sends which waiting message: claims that end when their process does.

A claim names an advisory lock that the claiming process holds on a connection of its
own. When that process is killed the lock is gone and others take its messages at once;
the lease is for a process that hangs. `attempts` counts the claims of a message: what
became of an earlier claim is written for nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import LiteralString
    from uuid import UUID

    from parkpulse.model.alert import Severity
    from parkpulse.store.channels import Kind
    from parkpulse.store.pool import Connection


class Item(NamedTuple):
    """One message of the outbox that is claimed."""

    id: UUID
    body: str
    attempts: int
    """This one included."""
    created_at: datetime
    age_s: float
    """Since it was put in. [s]"""


class Receiver(NamedTuple):
    """What sending to a channel takes."""

    id: int
    name: str
    kind: Kind
    url: str
    secret: bytes
    """Encrypted."""
    options: Mapping[str, object]
    failures: int


class Parcel(NamedTuple):
    """Messages that this process must send now, as one, to one channel."""

    receiver: Receiver
    items: Sequence[Item]


class Waiting(NamedTuple):
    """A message that may be sent to a channel of merged messages."""

    id: UUID
    park_id: int
    severity: Severity
    is_alarm: bool
    """Whether it asks somebody to act."""


class Queue(NamedTuple):
    """What waits for one channel of merged messages."""

    receiver: Receiver
    sent: Sequence[datetime]
    """When its last messages were sent, oldest first."""
    now: datetime
    waiting: Sequence[Waiting]
    """In order; of each alert without what must wait for something earlier."""
    flooded: frozenset[int]
    """Parks with so many alarms lately that they are grouped."""


def hold(conn: Connection, owner: int) -> None:
    """Say that this process lives, as long as this autocommit connection does."""
    conn.execute("select pg_advisory_lock(%s)", [owner])


_HELD = """
    (o.claimed_until > clock_timestamp() and (o.claimed_by is null or o.claimed_by in (
        select (classid::bigint << 32) | objid::bigint from pg_locks
        where locktype = 'advisory' and objsubid = 1 and granted
            and mode = 'ExclusiveLock' and database = (
                select oid from pg_database where datname = current_database()))))
"""
_FREE = f"coalesce(not {_HELD}, true)"
_CLAIM: LiteralString = (
    """
    with room as (
        select c.id, case when c.failures > 0 then 1 else %(per_channel)s end - (
            select count(*) from outbox o
            where o.channel_id = c.id and o.state = 'pending' and """  # noqa: S608 - all parts are literals
    + _HELD
    + """) as free
        from channel c
        where c.enabled and c.kind = 'webhook'
            and c.paused_until <= clock_timestamp()
    ), due as (
        select first.id from room cross join lateral (
            select o.id, o.alert_event_id from outbox o
            where o.channel_id = room.id and o.state = 'pending'
                and o.next_attempt_at <= clock_timestamp() and """
    + _FREE
    + """
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
        where o.state = 'pending' and """
    + _FREE
    + """
        order by o.id
        for update of o skip locked
    )
    update outbox o set
        attempts = o.attempts + 1, claimed_by = %(owner)s,
        claimed_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
    from taken, channel c
    where o.id = taken.id and c.id = o.channel_id
    returning c.id, c.name, c.kind, c.url, c.secret, c.options, c.failures,
        o.id, o.body, o.attempts, o.created_at,
        extract(epoch from clock_timestamp() - o.created_at)::float8
    """
)


def claim(
    conn: Connection, owner: int, limit: int, per_channel: int, lease_s: float
) -> list[Parcel]:
    """Take due messages of channels that get each message by itself.

    Of one (channel, alert) only the oldest message may be taken. A channel has at most
    `per_channel` messages taken at once, and one while it does not answer.
    """
    rows = conn.execute(
        _CLAIM,
        {
            "owner": owner,
            "limit": limit,
            "per_channel": per_channel,
            "lease_s": lease_s,
        },
    )
    return [Parcel(Receiver(*row[:7]), [Item(*row[7:])]) for row in rows]


def queues(
    conn: Connection, *, most: int, flood: int, within_s: float, limit: int
) -> list[Queue]:
    """Find and lock the free channels of merged messages, with what waits for them.

    Parameters
    ----------
    conn
        In a transaction, which must claim or end.
    most
        Most channels.
    flood
        More alarms of a park than this within the time are a flood.
    within_s
        That time. [s]
    limit
        Most messages of a channel.
    """
    rows = conn.execute(
        """
        select c.id, c.name, c.kind, c.url, c.secret, c.options, c.failures, c.sent_at,
            clock_timestamp()
        from channel c
        where c.enabled and c.kind <> 'webhook' and c.paused_until <= clock_timestamp()
            and exists (
                select from outbox o where o.channel_id = c.id and o.state = 'pending'
                    and o.next_attempt_at <= clock_timestamp())
            and not exists (
                select from outbox o
                where o.channel_id = c.id and o.state = 'pending' and """  # noqa: S608 - all parts are literals
        + _HELD
        + """)
        order by c.id limit %s
        for update of c skip locked
        """,
        [most],
    ).fetchall()
    return [
        Queue(
            Receiver(*row[:7]),
            row[7],
            row[8],
            _waiting(conn, row[0], limit),
            _flooded(conn, row[0], flood, within_s),
        )
        for row in rows
    ]


def _waiting(conn: Connection, channel_id: int, limit: int) -> list[Waiting]:
    rows = conn.execute(
        """
        select o.id, a.park_id, e.severity,
            e.kind in ('raised', 'severity', 'escalated')
        from outbox o
        join alert a on a.id = o.alert_id
        join alert_event e on e.id = o.alert_event_id
        where o.channel_id = %(channel)s and o.state = 'pending'
            and o.next_attempt_at <= clock_timestamp()
            and not exists (
                select from outbox earlier
                where earlier.channel_id = o.channel_id
                    and earlier.alert_id = o.alert_id and earlier.state = 'pending'
                    and earlier.alert_event_id < o.alert_event_id
                    and earlier.next_attempt_at > clock_timestamp())
        order by o.alert_event_id limit %(limit)s
        """,
        {"channel": channel_id, "limit": limit},
    )
    return [Waiting(*row) for row in rows]


def _flooded(
    conn: Connection, channel_id: int, flood: int, within_s: float
) -> frozenset[int]:
    rows = conn.execute(
        """
        select a.park_id from outbox o
        join alert a on a.id = o.alert_id
        join alert_event e on e.id = o.alert_event_id
        where o.channel_id = %s and e.kind = 'raised'
            and o.created_at > clock_timestamp() - make_interval(secs => %s)
        group by a.park_id having count(*) > %s
        """,
        [channel_id, within_s, flood],
    )
    return frozenset(park_id for (park_id,) in rows)


def take(
    conn: Connection, owner: int, queue: Queue, ids: Sequence[UUID], lease_s: float
) -> Parcel:
    """Claim these messages of a queue in this transaction, to be sent as one."""
    rows = conn.execute(
        """
        update outbox o set
            attempts = o.attempts + 1, claimed_by = %s,
            claimed_until = clock_timestamp() + make_interval(secs => %s)
        where o.id = any(%s) and o.state = 'pending'
        returning o.alert_event_id, o.id, o.body, o.attempts, o.created_at,
            extract(epoch from clock_timestamp() - o.created_at)::float8
        """,
        [owner, lease_s, list(ids)],
    ).fetchall()
    return Parcel(queue.receiver, [Item(*row[1:]) for row in sorted(rows)])


def note_sent(conn: Connection, channel_id: int, kept: int) -> None:
    """Count a message against the platform's limit; keep the last `kept`."""
    conn.execute(
        """
        update channel set sent_at = (
            select array_agg(t order by t) from (
                select t from unnest(sent_at || clock_timestamp()) as t
                order by t desc limit %s) last)
        where id = %s
        """,
        [kept, channel_id],
    )


def finish(conn: Connection, item: Item, state: str) -> None:
    """Mark a claimed message as `delivered` or `dead`."""
    conn.execute(
        """
        update outbox set state = %s, claimed_until = null, claimed_by = null
        where id = %s and (attempts = %s or %s = 'delivered') and state = 'pending'
        """,
        [state, item.id, item.attempts, state],
    )


def postpone(conn: Connection, item: Item, seconds: float) -> None:
    """Try a claimed message again after a time [s]."""
    conn.execute(
        """
        update outbox set claimed_until = null, claimed_by = null,
            next_attempt_at = clock_timestamp() + make_interval(secs => %s)
        where id = %s and attempts = %s and state = 'pending'
        """,
        [seconds, item.id, item.attempts],
    )
