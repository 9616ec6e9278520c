"""What happened to the alerts of a park in a stretch of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.pool import Connection


class AlertChange(NamedTuple):
    """An event of an alert."""

    at: datetime
    alert: UUID
    kind: str
    severity: str
    actor: str
    value: float | None


def of_alerts(
    conn: Connection, park_id: int, start: datetime, limit: int
) -> list[AlertChange]:
    """Return the newest events of a park's alerts after a time, newest first."""
    rows = conn.execute(
        """
        select event.at, event.alert_id, event.kind, event.severity, event.actor,
            event.value
        from alert join alert_event event on event.alert_id = alert.id
        where alert.park_id = %(park)s and not alert.retroactive
            and alert.raised_at > %(start)s::timestamptz - interval '400 days'
            and event.at > %(start)s
            and event.kind in
                ('raised', 'severity', 'cleared', 'acknowledged', 'escalated')
        order by event.at desc, event.id desc limit %(limit)s
        """,
        {"park": park_id, "start": start, "limit": limit},
    )
    return [AlertChange(*row) for row in rows]
