"""Response plans by rule, and which steps of an alert's were done."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parkpulse.errors import InvalidRequestError
from parkpulse.model.response import Planned, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.pool import Connection


class StoredPlan(NamedTuple):
    """A rule's response plan in force; version 0: none was ever made."""

    rule: str
    version: int
    steps: Sequence[Step]
    commands: Sequence[Planned]
    actor: str
    at: datetime | None


def load(conn: Connection, park_id: int, rule: str) -> StoredPlan:
    """Return the response plan of a rule, empty if there is none."""
    row = conn.execute(
        """
        select version, steps::text, commands::text, actor, at from response_plan
        where park_id = %s and rule = %s order by version desc limit 1
        """,
        [park_id, rule],
    ).fetchone()
    if row is None:
        return StoredPlan(rule, 0, [], [], "", None)
    version, steps, commands, actor, at = row
    return StoredPlan(
        rule,
        version,
        msgspec.json.decode(steps, type=list[Step]),
        msgspec.json.decode(commands, type=list[Planned]),
        actor,
        at,
    )


def save(
    conn: Connection,
    park_id: int,
    rule: str,
    steps: Sequence[Step],
    commands: Sequence[Planned],
    actor: str,
) -> None:
    """Put the next version of a plan in force.

    Raises
    ------
    InvalidRequestError
        A command is for a device that the park does not have.
    """
    _check_devices(conn, park_id, commands)
    conn.execute("select from park where id = %s for update", [park_id])
    conn.execute(
        """
        insert into response_plan (park_id, rule, version, steps, commands, actor)
        select %(park_id)s, %(rule)s, coalesce(max(version), 0) + 1,
            %(steps)s, %(commands)s, %(actor)s
        from response_plan where park_id = %(park_id)s and rule = %(rule)s
        """,
        {
            "park_id": park_id,
            "rule": rule,
            "steps": msgspec.json.encode(steps).decode(),
            "commands": msgspec.json.encode(commands).decode(),
            "actor": actor,
        },
    )


def _check_devices(conn: Connection, park_id: int, commands: Sequence[Planned]) -> None:
    rows = conn.execute(
        "select code from device where park_id = %s and code = any(%s)",
        [park_id, [each.device for each in commands]],
    )
    known = {code for (code,) in rows}
    for index, each in enumerate(commands):
        if each.device not in known:
            code, message = "unknown_device", f"the park has no device {each.device!r}"
            raise InvalidRequestError(code, message, f"/commands/{index}/device")


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
