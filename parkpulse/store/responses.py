"""Response plans by rule, and which steps of an alert's were done."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parkpulse.model.response import Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.pool import Connection


class StoredSteps(NamedTuple):
    """A rule's checklist in force; version 0: none was ever made."""

    rule: str
    version: int
    steps: Sequence[Step]
    actor: str
    at: datetime | None


def load(conn: Connection, park_id: int, rule: str) -> StoredSteps:
    """Return the checklist of a rule, empty if there is none."""
    row = conn.execute(
        """
        select version, steps::text, actor, at from response_plan
        where park_id = %s and rule = %s order by version desc limit 1
        """,
        [park_id, rule],
    ).fetchone()
    if row is None:
        return StoredSteps(rule, 0, [], "", None)
    version, steps, actor, at = row
    return StoredSteps(
        rule, version, msgspec.json.decode(steps, type=list[Step]), actor, at
    )


def save(
    conn: Connection, park_id: int, rule: str, steps: Sequence[Step], actor: str
) -> None:
    """Put the next version of a checklist in force."""
    conn.execute("select from park where id = %s for update", [park_id])
    conn.execute(
        """
        insert into response_plan (park_id, rule, version, steps, actor)
        select %(park_id)s, %(rule)s, coalesce(max(version), 0) + 1,
            %(steps)s, %(actor)s
        from response_plan where park_id = %(park_id)s and rule = %(rule)s
        """,
        {
            "park_id": park_id,
            "rule": rule,
            "steps": msgspec.json.encode(steps).decode(),
            "actor": actor,
        },
    )


def done(conn: Connection, alert_id: UUID) -> dict[str, tuple[str, datetime]]:
    """Who has done a step of an alert since it was raised, and when, by step."""
    rows = conn.execute(
        """
        select distinct on (e.detail ->> 'step') e.detail ->> 'step', e.kind, e.actor,
            e.at
        from alert_event e
        where e.alert_id = %(id)s and e.kind in ('step_done', 'step_undone')
            and e.id > (select coalesce(max(r.id), 0) from alert_event r
                where r.alert_id = %(id)s and r.kind = 'raised')
        order by e.detail ->> 'step', e.id desc
        """,
        {"id": alert_id},
    )
    return {code: (actor, at) for code, kind, actor, at in rows if kind == "step_done"}


def rule_of(conn: Connection, alert_id: UUID) -> tuple[int, str] | None:
    """Park id and rule code of an alert."""
    row = conn.execute(
        """
        select a.park_id, r.code from alert a join rule r on r.id = a.rule_id
        where a.id = %s
        """,
        [alert_id],
    ).fetchone()
    return None if row is None else (row[0], row[1])
