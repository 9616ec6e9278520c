"""Histories of alerts: what happened to each, when and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parkpulse.model import instants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.model.alert import EventKind, Severity
    from parkpulse.model.condition import EventRow, Key
    from parkpulse.store.pool import Connection
    from parkpulse.store.soon import Soon


class EventView(NamedTuple):
    """One line of an alert's history as people see it."""

    kind: EventKind
    at: datetime
    recorded_at: datetime
    actor: str
    severity: Severity
    value: float | None
    detail: dict[str, object]


def times(
    conn: Connection, since: Mapping[Key, int]
) -> dict[Key, set[tuple[EventKind, int]]]:
    """Kind and time [us] of the events that each key has from a time [us] on."""
    return times_soon(conn, since)()


def times_soon(
    conn: Connection, since: Mapping[Key, int]
) -> Soon[dict[Key, set[tuple[EventKind, int]]]]:
    """Ask as `times` does; in a pipeline the answer comes with others."""
    rows = conn.execute(
        """
        select e.rule_id, e.subject, e.kind, e.at
        from unnest(%s::integer[], %s::text[], %s::timestamptz[])
            as k (rule_id, subject, since)
        join alert_event e on e.rule_id = k.rule_id and e.subject = k.subject
            and e.at >= k.since
        """,
        [
            [rule_id for rule_id, _ in since],
            [subject for _, subject in since],
            [instants.from_us(us) for us in since.values()],
        ],
    )

    def found() -> dict[Key, set[tuple[EventKind, int]]]:
        times: dict[Key, set[tuple[EventKind, int]]] = {key: set() for key in since}
        for rule_id, subject, kind, at in rows:
            times[rule_id, subject].add((kind, instants.to_us(at)))
        return times

    return found


def add(conn: Connection, events: Sequence[EventRow]) -> list[int]:
    """Append to the alerts' histories; return the ids in the same order."""
    return add_soon(conn, events)()


def add_soon(conn: Connection, events: Sequence[EventRow]) -> Soon[list[int]]:
    """Append as `add` does; in a pipeline the ids come with other answers."""
    rows = conn.execute(
        """
        insert into alert_event
            (alert_id, rule_id, subject, kind, at, actor, severity, value, detail)
        select alert_id, rule_id, subject, kind, at, actor, severity, value,
            detail::jsonb
        from unnest(%s::uuid[], %s::integer[], %s::text[], %s::text[],
                %s::timestamptz[], %s::text[], %s::text[], %s::float8[], %s::text[])
            with ordinality as e (alert_id, rule_id, subject, kind, at, actor,
                severity, value, detail, position)
        order by position
        returning id
        """,
        [
            [each.alert_id for each in events],
            [each.rule_id for each in events],
            [each.subject for each in events],
            [each.kind for each in events],
            [instants.from_us(each.at) for each in events],
            [each.actor for each in events],
            [each.severity for each in events],
            [each.value for each in events],
            [msgspec.json.encode(each.detail).decode() for each in events],
        ],
    )
    return lambda: sorted(event_id for (event_id,) in rows)


def of_alert(conn: Connection, alert_id: UUID) -> list[EventView]:
    """Return the history of an alert in the order in which it was recorded."""
    rows = conn.execute(
        """
        select kind, at, recorded_at, actor, severity, value, detail
        from alert_event where alert_id = %s order by id
        """,
        [alert_id],
    )
    return [EventView(*row) for row in rows]
