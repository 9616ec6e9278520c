"""Duty plans of parks with their history, and escalations that are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parkpulse.errors import ConflictError, InvalidRequestError
from parkpulse.model.duty import Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from typing import Literal
    from uuid import UUID

    from parkpulse.model.alert import Severity
    from parkpulse.store.pool import Connection

    Stopped = Literal["acknowledged", "returned", "quiet", "replaced", "removed"]


class StoredPlan(NamedTuple):
    """A plan, its version (0: none was ever made), who made it and when."""

    version: int
    plan: Plan
    actor: str
    at: datetime | None


class Waiting(NamedTuple):
    """An alert that was told and waits for an acknowledgement."""

    alert_id: UUID
    park_id: int
    severity: Severity
    policy: str | None
    """Of the escalation under way, or finished without an answer."""


class Running(NamedTuple):
    """An escalation whose next step is due."""

    id: int
    alert_id: UUID
    park_id: int
    policy: str
    started: datetime
    step: int
    due: datetime


class UnderWay(NamedTuple):
    """How far the escalation of an alert is; times are of the park's clock."""

    alert: UUID
    policy: str
    started_at: datetime
    steps_taken: int
    due: datetime | None
    """Of the next step; None when every step was taken."""
    people: list[str]
    """Names of those who were called last."""
    channels: list[str]


def load(conn: Connection, park_id: int) -> StoredPlan:
    """Return the plan in force; an empty one if there is none."""
    row = conn.execute(
        """
        select version, document::text, actor, at from duty_plan
        where park_id = %s order by version desc limit 1
        """,
        [park_id],
    ).fetchone()
    if row is None:
        return StoredPlan(0, Plan(), "", None)
    version, document, actor, at = row
    return StoredPlan(version, _plan(document), actor, at)


def plans(conn: Connection, park_ids: Sequence[int]) -> dict[int, Plan]:
    """Plans in force of those of the parks that have one."""
    rows = conn.execute(
        """
        select distinct on (park_id) park_id, document::text from duty_plan
        where park_id = any(%s) order by park_id, version desc
        """,
        [list(park_ids)],
    )
    return {park_id: _plan(document) for park_id, document in rows}


def _plan(document: str) -> Plan:
    return msgspec.json.decode(document, type=Plan)


def save(
    conn: Connection, park_id: int, plan: Plan, actor: str, seen: int | None
) -> int:
    """Put the next version of a plan in force and return its number.

    Raises
    ------
    ConflictError
        The plan has changed since the version that was seen.
    InvalidRequestError
        The plan names a channel that the park does not have.
    """
    conn.execute("select from park where id = %s for update", [park_id])
    version = load(conn, park_id).version
    if seen is not None and seen != version:
        message = f"the plan has version {version}, not {seen}"
        raise ConflictError(message)
    names = {name for person in plan.people for name in person.channels}
    steps = [step for policy in plan.policies for step in policy.steps]
    shared = {name for step in steps for name in step.channels}
    known = channel_ids(conn, park_id, names | shared)
    missing = sorted((names | shared) - known.keys())
    if missing:
        code, message = "unknown_channel", f"there is no channel {missing[0]!r}"
        raise InvalidRequestError(code, message, "/people")
    conn.execute(
        "insert into duty_plan (park_id, version, document, actor)"
        " values (%s, %s, %s, %s)",
        [park_id, version + 1, msgspec.json.encode(plan).decode(), actor],
    )
    conn.execute("delete from duty_contact where park_id = %s", [park_id])
    conn.execute(
        "insert into duty_contact (park_id, channel_id)"
        " select %s, id from unnest(%s::integer[]) as id",
        [park_id, sorted(known[name] for name in names)],
    )
    return version + 1


def channel_ids(conn: Connection, park_id: int, names: Iterable[str]) -> dict[str, int]:
    """Ids of those of the channels that exist, are on and may hear of the park."""
    rows = conn.execute(
        """
        select name, id from channel
        where name = any(%s) and removed_at is null and enabled
            and (park_id is null or park_id = %s)
        """,
        [sorted(names), park_id],
    )
    return dict(rows.fetchall())


def waiting(
    conn: Connection, park_ids: Sequence[int], with_policies: Collection[int]
) -> list[Waiting]:
    """Alerts that last, were told, are not quiet and wait for an acknowledgement.

    Where a park has no policies, only those that are still escalated by an earlier one.
    """
    rows = conn.execute(
        """
        with waiting as (
            select a.id, a.park_id, a.severity, e.policy from alert a
            left join escalation e
                on e.alert_id = a.id and (e.stopped is null or e.stopped = 'done')
            where a.park_id = any(%s) and a.state = 'unacknowledged'
                and not a.retroactive and (e.id is not null or a.park_id = any(%s)))
        select id, park_id, severity, policy from waiting
        where id not in (
            select alert_id from alert_quiet_among(array(select id from waiting)))
        order by id
        """,
        [list(park_ids), sorted(with_policies)],
    )
    return [Waiting(*row) for row in rows]


def under_way(
    conn: Connection, park_id: int, alert_id: UUID | None = None
) -> list[UnderWay]:
    """Escalations of a park that no answer has stopped yet, oldest first.

    With an alert only those of it.
    """
    rows = conn.execute(
        """
        select e.alert_id, e.policy, e.started_at, e.next_step, e.due,
            coalesce(jsonb_path_query_array(v.detail, '$.people[*].name'), '[]'),
            coalesce(v.detail->'channels', '[]')
        from escalation e join alert a on a.id = e.alert_id
        left join lateral (
            select detail from alert_event
            where alert_id = e.alert_id and kind = 'escalated' and id > e.after_event
            order by id desc limit 1) v on true
        where a.park_id = %(park)s and (e.stopped is null or e.stopped = 'done')
            and (%(alert)s::uuid is null or e.alert_id = %(alert)s)
        order by e.started_at, e.id
        limit 1000
        """,
        {"park": park_id, "alert": alert_id},
    )
    return [UnderWay(*row) for row in rows]


def answered(conn: Connection, park_ids: Sequence[int]) -> list[tuple[int, Stopped]]:
    """Escalations that are to stop, and why."""
    rows = conn.execute(
        """
        with running as (
            select e.id, e.alert_id, a.state, exists (
                    select from alert_event v
                    where v.alert_id = a.id and v.id > e.after_event
                        and v.kind in ('cleared', 'acknowledged', 'shelved')
                ) as is_answered,
                a.state = 'acknowledged' or a.acknowledged_at is not null
                    as is_acknowledged
            from escalation e join alert a on a.id = e.alert_id
            where (e.stopped is null or e.stopped = 'done') and a.park_id = any(%s)),
        quiet as (
            select distinct alert_id
            from alert_quiet_among(array(select alert_id from running)))
        select r.id, case
            when r.is_acknowledged then 'acknowledged'
            when q.alert_id is not null then 'quiet' else 'returned' end
        from running r left join quiet q on q.alert_id = r.alert_id
        where r.state <> 'unacknowledged' or q.alert_id is not null or r.is_answered
        order by r.id
        """,
        [list(park_ids)],
    )
    return [(each, why) for each, why in rows]


def start(
    conn: Connection, alert_id: UUID, policy: str, at: datetime, due: datetime | None
) -> None:
    """Begin an escalation."""
    conn.execute(
        """
        insert into escalation
            (alert_id, policy, started_at, next_step, due, after_event)
        select %(alert)s, %(policy)s, %(at)s, 0, %(due)s, coalesce(max(id), 0)
        from alert_event where alert_id = %(alert)s
        """,
        {"alert": alert_id, "policy": policy, "at": at, "due": due},
    )


def stop(conn: Connection, ids: Sequence[int], why: Stopped) -> None:
    """End escalations."""
    conn.execute(
        """
        update escalation set stopped = %s, stopped_at = now(), due = null
        where id = any(%s)
        """,
        [why, list(ids)],
    )


def stop_of(conn: Connection, alert_id: UUID) -> None:
    """End the escalation of an alert, for another policy holds now."""
    conn.execute(
        """
        update escalation set stopped = 'replaced', stopped_at = now(), due = null
        where alert_id = %s and (stopped is null or stopped = 'done')
        """,
        [alert_id],
    )


def due(conn: Connection, park_ids: Sequence[int]) -> list[Running]:
    """Escalations whose next step is due by the park's clock, locked."""
    rows = conn.execute(
        """
        select e.id, e.alert_id, a.park_id, e.policy, e.started_at, e.next_step, e.due
        from escalation e join alert a on a.id = e.alert_id
        join park p on p.id = a.park_id
        where e.stopped is null and e.due <= park_now(p) and p.id = any(%s)
        order by e.id for update of e
        """,
        [list(park_ids)],
    )
    return [Running(*row) for row in rows]


def advance(conn: Connection, running: Running, due: datetime | None) -> None:
    """Remember that a step was taken; `due` is the next one's time, None: no more."""
    conn.execute(
        """
        update escalation set next_step = next_step + 1, due = %(due)s,
            stopped = case when %(due)s::timestamptz is null then 'done' end
        where id = %(id)s
        """,
        {"due": due, "id": running.id},
    )
