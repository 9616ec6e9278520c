"""Commands to local controllers: requests, answers, and what is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from uuid_utils import compat

from parkpulse.model.response import Command, Outlook, Planned
from parkpulse.store import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString
    from uuid import UUID

    from parkpulse.model.response import CommandState
    from parkpulse.store.pool import Connection

CHANNEL = "command"
"""Notified when a command is requested, and when a controller has answered."""
_ANSWER_WITHIN = "7 days"
_GRACE_S = 2.0
"""An answer given in time may be so long on its way. [s]"""

_COLUMNS: LiteralString = """
    k.id, k.code, k.device, k.name, k.arguments, k.raised_event is not null, k.actor,
    k.requested_at, k.expires_at, k.state, k.sent_at, k.settled_at, k.reason
"""
_COLUMN_COUNT = 13


class Due(NamedTuple):
    """A command of a plan in force that an alert asks for by itself."""

    alert_id: UUID
    raised_event: int
    planned: Planned


class Ready(NamedTuple):
    """A command that waits to be sent, locked."""

    command: Command
    alert_id: UUID
    park: str
    outlook: Outlook
    remaining_s: float


class Answered(NamedTuple):
    """A command whose controller has answered, locked."""

    command: Command
    alert_id: UUID
    result: CommandState
    reason: str
    is_late: bool


def request(
    conn: Connection,
    alert_id: UUID,
    planned: Planned,
    actor: str,
    raised_event: int | None = None,
) -> Command | None:
    """Request a command; None if the engine has done so for this raise before."""
    row = conn.execute(
        """
        insert into command (id, alert_id, park_id, device, code, name, arguments,
            raised_event, actor, requested_at, expires_at)
        select %(id)s, a.id, a.park_id, %(device)s, %(code)s, %(name)s,
            %(arguments)s::jsonb, %(event)s, %(actor)s, at,
            at + make_interval(secs => %(timeout)s)
        from alert a cross join clock_timestamp() as at where a.id = %(alert)s
        on conflict do nothing returning id
        """,
        {
            "id": compat.uuid7(),
            "device": planned.device,
            "code": planned.code,
            "name": planned.name,
            "arguments": msgspec.json.encode(planned.arguments).decode(),
            "event": raised_event,
            "actor": actor,
            "timeout": planned.timeout_s,
            "alert": alert_id,
        },
    ).fetchone()
    if row is None:
        return None
    conn.execute("select pg_notify(%s, '')", [CHANNEL])
    return find(conn, row[0])


def find(conn: Connection, command_id: UUID) -> Command:
    """Return a command that exists."""
    (row,) = conn.execute(
        "select " + _COLUMNS + " from command k where k.id = %s",  # noqa: S608 - literals
        [command_id],
    )
    return _command(row)


def of_alert(conn: Connection, alert_id: UUID) -> list[Command]:
    """Return all commands of an alert, oldest first."""
    rows = conn.execute(
        "select "  # noqa: S608 - literals
        + _COLUMNS
        + " from command k where k.alert_id = %s order by k.id",
        [alert_id],
    )
    return [_command(row) for row in rows]


def due(conn: Connection, park_ids: Sequence[int]) -> list[Due]:
    """Find what alerts that last, were told and are not quiet ask for by themselves.

    Only what was raised or worsened since the plan is in force asks.
    """
    rows = conn.execute(
        """
        with newest as (
            select distinct on (park_id, rule) park_id, rule, commands, at
            from response_plan where park_id = any(%s)
            order by park_id, rule, version desc
        ), plan as (
            select p.park_id, p.rule, c.value as planned, p.at
            from newest p cross join lateral jsonb_array_elements(p.commands) c
            where (c.value ->> 'automatic')::boolean
        )
        select a.id, raised.id, plan.planned::text
        from plan
        join rule r on r.code = plan.rule
        join alert a on a.rule_id = r.id and a.park_id = plan.park_id
            and a.state in ('unacknowledged', 'acknowledged') and not a.retroactive
            and array_position(array['low', 'medium', 'high', 'critical'], a.severity)
                >= array_position(array['low', 'medium', 'high', 'critical'],
                    coalesce(plan.planned ->> 'min_severity', 'low'))
        cross join lateral (
            select e.id from alert_event e
            where e.alert_id = a.id and e.kind = 'raised' order by e.id desc limit 1
        ) raised
        where not exists (
                select from command k where k.alert_id = a.id
                    and k.code = plan.planned ->> 'code' and k.raised_event = raised.id)
            and exists (
                select from alert_event e
                where e.alert_id = a.id and e.recorded_at >= plan.at and e.kind in (
                    'raised', 'severity', 'unshelved', 'unsuppressed', 'in_service'))
        order by a.id
        """,
        [list(park_ids)],
    ).fetchall()
    # Asked for these alone: with a view of all alerts the server found out why each of
    # them may be quiet before it looked for plans.
    held = quiet.among(conn, {row[0] for row in rows}) if rows else {}
    return [
        Due(alert_id, event, msgspec.json.decode(planned, type=Planned))
        for alert_id, event, planned in rows
        if alert_id not in held
    ]


def next_ready(conn: Connection) -> Ready | None:
    """Lock a command that waits and that nobody else is about to send.

    Expired ones come first, then the oldest.
    """
    row = conn.execute(
        "select "  # noqa: S608 - literals
        + _COLUMNS
        + """, k.alert_id, p.code, p.clock,
                a.state in ('unacknowledged', 'acknowledged'),
                extract(epoch from k.expires_at - clock_timestamp())::float8
        from command k join alert a on a.id = k.alert_id
        join park p on p.id = k.park_id
        where k.state = 'requested'
        order by k.expires_at > clock_timestamp(), k.id limit 1
        for update of k skip locked
        """
    ).fetchone()
    if row is None:
        return None
    command = _command(row[:_COLUMN_COUNT])
    alert_id, park, clock, lasts, remaining_s = row[_COLUMN_COUNT:]
    outlook = Outlook(
        clock=clock,
        lasts=lasts,
        is_quiet=quiet.is_quiet(conn, alert_id),
        is_automatic=command.automatic,
        has_expired=remaining_s <= 0,
    )
    return Ready(command, alert_id, park, outlook, remaining_s)


def mark_sent(conn: Connection, command_id: UUID) -> None:
    """Remember that the broker has taken a command over."""
    conn.execute(
        "update command set state = 'sent', sent_at = clock_timestamp() where id = %s",
        [command_id],
    )


def settle(
    conn: Connection, command_id: UUID, state: CommandState, reason: str | None
) -> None:
    """Write what became of a command."""
    conn.execute(
        """
        update command set state = %s, reason = %s, settled_at = clock_timestamp()
        where id = %s
        """,
        [state, reason, command_id],
    )


def answered(conn: Connection) -> list[Answered]:
    """Lock commands whose own device has answered; the first answer counts."""
    rows = conn.execute(
        "select "  # noqa: S608 - literals
        + _COLUMNS
        + """, k.alert_id, e.detail ->> 'result', e.detail ->> 'reason',
                e.received_at > k.expires_at
        from command k
        join event e on e.kind = 'command_ack' and e.park_id = k.park_id
            and e.detail ->> 'id' = k.id::text
        join device d on d.id = e.device_id and d.code = k.device
        where k.state not in ('confirmed', 'refused')
            and k.requested_at > now() - %s::interval
        order by k.id, e.received_at, e.id
        for update of k skip locked
        """,
        [_ANSWER_WITHIN],
    )
    found: dict[UUID, Answered] = {}
    for row in rows:
        found.setdefault(
            row[0], Answered(_command(row[:_COLUMN_COUNT]), *row[_COLUMN_COUNT:])
        )
    return list(found.values())


def overdue(conn: Connection) -> list[tuple[Command, UUID]]:
    """Lock sent commands that nobody has answered in time; with their alerts."""
    rows = conn.execute(
        "select "  # noqa: S608 - literals
        + _COLUMNS
        + """, k.alert_id from command k
        where k.state = 'sent'
            and k.expires_at < clock_timestamp() - make_interval(secs => %s)
        order by k.id for update of k skip locked
        """,
        [_GRACE_S],
    )
    return [(_command(row[:_COLUMN_COUNT]), row[_COLUMN_COUNT]) for row in rows]


def _command(row: tuple[object, ...]) -> Command:
    return msgspec.convert(
        dict(zip(Command.__struct_fields__, row, strict=True)), Command
    )
