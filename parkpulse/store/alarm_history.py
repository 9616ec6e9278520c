"""What an operator was called for, and how it was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.alert import Severity
    from parkpulse.store.pool import Connection


class Raised(NamedTuple):
    """An alarm that was raised."""

    at: datetime
    rule: str
    subject: str
    severity: Severity
    acknowledged_s: float | None
    """Time until somebody answered; None: nobody did before it was raised again."""


class Lasting(NamedTuple):
    """A condition and how long it held within the time looked at."""

    rule: str
    subject: str
    severity: Severity
    since: datetime
    until: datetime | None
    hours: float


class Scope(NamedTuple):
    """A park, or the area of one operator position, in [start, end)."""

    park_id: int
    place: str | None
    start: datetime
    end: datetime


_OF = """
    a.park_id = %(park_id)s and (%(place)s::text is null or exists (
        select from place area where area.park_id = a.park_id
            and area.code = %(place)s and place_is_within(a.place_id, area.id)))
"""


def raised(conn: Connection, scope: Scope) -> list[Raised]:
    """Alarms that called somebody, by time; what was learnt of too late is none."""
    rows = conn.execute(
        """
        select e.at, r.code, e.subject, e.severity,
            extract(epoch from (
                select min(answer.at) from alert_event answer
                where answer.alert_id = e.alert_id and answer.kind = 'acknowledged'
                    and answer.id > e.id and not exists (
                        select from alert_event again
                        where again.alert_id = e.alert_id and again.kind = 'raised'
                            and again.id > e.id and again.id < answer.id)
            ) - e.at)::float8
        from alert_event e
        join alert a on a.id = e.alert_id
        join rule r on r.id = e.rule_id
        where e.kind = 'raised' and e.at >= %(start)s and e.at < %(end)s
            and not coalesce((e.detail ->> 'retroactive')::boolean, false)
            and"""  # noqa: S608 - both are literals
        + _OF
        + "order by e.at, e.id",
        scope._asdict(),
    )
    return [Raised(*row) for row in rows]


def retroactive(conn: Connection, scope: Scope) -> int:
    """Count what was recorded and called nobody."""
    row = conn.execute(
        """
        select count(*) from alert_event e join alert a on a.id = e.alert_id
        where e.kind = 'raised' and e.at >= %(start)s and e.at < %(end)s
            and coalesce((e.detail ->> 'retroactive')::boolean, false) and"""  # noqa: S608 - both are literals
        + _OF,
        scope._asdict(),
    ).fetchone()
    return 0 if row is None else int(row[0])


def lasting(conn: Connection, scope: Scope, hours: float) -> list[Lasting]:
    """Conditions that held longer than so many hours up to the end, longest first."""
    rows = conn.execute(
        """
        select * from (
            select r.code, c.subject, a.severity, c.raised_at, c.cleared_at,
                extract(epoch from least(coalesce(c.cleared_at, %(end)s), %(end)s)
                    - c.raised_at)::float8 / 3600 as hours
            from condition_interval c
            join alert a on a.id = c.alert_id
            join rule r on r.id = c.rule_id
            where c.raised_at < %(end)s and not c.retroactive
                and (c.cleared_at is null or c.cleared_at > %(start)s) and"""  # noqa: S608 - both are literals
        + _OF
        + """) as each where hours > %(hours)s order by hours desc, code, subject
        limit 1000""",
        {**scope._asdict(), "hours": hours},
    )
    return [Lasting(*row) for row in rows]


def standing(conn: Connection, scope: Scope) -> int:
    """Count conditions that held at the end."""
    row = conn.execute(
        """
        select count(*) from condition_interval c join alert a on a.id = c.alert_id
        where c.raised_at < %(end)s and not c.retroactive
            and (c.cleared_at is null or c.cleared_at > %(end)s) and"""  # noqa: S608 - both are literals
        + _OF,
        scope._asdict(),
    ).fetchone()
    return 0 if row is None else int(row[0])
