"""Messages on their way, written in the transaction of what they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from uuid_utils import compat

from parkpulse.model.alert import Severity, rank
from parkpulse.store import pool, quiet

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from uuid import UUID

    from parkpulse.store.pool import Connection
    from parkpulse.store.soon import Soon

CHANNEL = "outbox"
"""Notified whenever something was put in."""


class Message(NamedTuple):
    """What happened to an alert, as it is sent to every channel that wants it."""

    event_id: int
    alert_id: UUID
    park_id: int
    severity: Severity
    body: str


class _Wants(NamedTuple):
    """A channel that is switched on, and what it wants to hear of."""

    channel_id: int
    park_id: int | None
    least: Severity | Literal["nothing"]


class Routes(NamedTuple):
    """Who hears of some alerts."""

    quiet: set[UUID]
    """Those of which nobody hears now."""
    channels: Sequence[_Wants]
    told: set[tuple[int, UUID]]
    """Channels and the alerts that they were told of."""


def routes_soon(conn: Connection, alert_ids: Collection[UUID]) -> Soon[Routes]:
    """Ask who hears of alerts; in a pipeline the answer comes with others."""
    quiet_now = quiet.among_soon(conn, alert_ids)
    channels = conn.execute(
        """
        select id, park_id, case when exists (
            select from duty_contact d where d.channel_id = channel.id)
            then 'nothing' else min_severity end
        from channel where enabled order by id
        """
    )
    told = _told_soon(conn, alert_ids)
    return lambda: Routes(set(quiet_now()), [_Wants(*row) for row in channels], told())


def put(conn: Connection, messages: Sequence[Message]) -> None:
    """Address messages to each channel of the park that wants this severity.

    A channel that was told of an alert also hears how it goes on. What concerns a
    quiet alert is withheld. A person's own channel is told by escalation.
    """
    send(conn, messages, routes_soon(conn, {each.alert_id for each in messages})())


def send(conn: Connection, messages: Sequence[Message], routes: Routes) -> None:
    """Address messages as `put` does, with routes that were asked for before."""
    held = routes.quiet & {each.alert_id for each in messages}
    if held:
        quiet.remember(conn, held, noted=False)
    told = set(routes.told)
    rows = []
    for message in messages:
        if message.alert_id in held:
            continue
        for channel_id, park_id, least in routes.channels:
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
    if not rows:
        return
    with pool.pipelined(conn), conn.cursor() as cursor:
        cursor.executemany(
            "insert into outbox (id, channel_id, alert_id, alert_event_id, body)"
            " values (%s, %s, %s, %s, %s)",
            rows,
        )
        conn.execute("select pg_notify(%s, '')", [CHANNEL])


def is_told(conn: Connection, alert_id: UUID) -> bool:
    """Whether any channel was told of an alert."""
    return bool(_told_soon(conn, [alert_id])())


def _told_soon(
    conn: Connection, alert_ids: Iterable[UUID]
) -> Soon[set[tuple[int, UUID]]]:
    rows = conn.execute(
        "select distinct channel_id, alert_id from outbox where alert_id = any(%s)",
        [list(alert_ids)],
    )
    return lambda: {(channel_id, alert_id) for channel_id, alert_id in rows}
