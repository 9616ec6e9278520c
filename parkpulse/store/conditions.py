"""Condition intervals: when rules' conditions held as far as readings say by now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parkpulse.model import instants
from parkpulse.model.condition import Interval, Key, Step
from parkpulse.model.registry import SLOTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.pool import Connection


def overlapping(
    conn: Connection, since: Mapping[Key, int]
) -> dict[Key, list[Interval]]:
    """Intervals of each key that last longer than to a time [us], by time."""
    found: dict[Key, list[Interval]] = {key: [] for key in since}
    rows = conn.execute(
        """
        select c.rule_id, c.subject, c.onset, c.raised_at, c.cleared_at, c.steps::text,
            c.retroactive, c.alert_id
        from unnest(%s::integer[], %s::text[], %s::timestamptz[])
            as k (rule_id, subject, since)
        join condition_interval c
            on c.rule_id = k.rule_id and c.subject = k.subject
            and (c.cleared_at is null or c.cleared_at > k.since)
        order by c.rule_id, c.subject, c.raised_at
        """,
        [
            [rule_id for rule_id, _ in since],
            [subject for _, subject in since],
            [instants.from_us(us) for us in since.values()],
        ],
    )
    for rule_id, subject, *columns in rows:
        found[rule_id, subject].append(_interval(*columns))
    return found


def _interval(
    onset: datetime,
    raised: datetime,
    cleared: datetime | None,
    steps: str,
    retroactive: bool,  # noqa: FBT001 - a column
    alert_id: UUID,
) -> Interval:
    return Interval(
        onset=instants.to_us(onset),
        raised=instants.to_us(raised),
        cleared=None if cleared is None else instants.to_us(cleared),
        steps=msgspec.json.decode(steps, type=tuple[Step, ...]),
        retroactive=retroactive,
        alert_id=alert_id,
    )


def lasting(conn: Connection, slots: Sequence[int]) -> dict[Key, Interval]:
    """Conditions that last in the parks of these slots."""
    rows = conn.execute(
        """
        select c.rule_id, c.subject, c.onset, c.raised_at, c.cleared_at, c.steps::text,
            c.retroactive, c.alert_id
        from condition_interval c join alert a on a.id = c.alert_id
        where c.cleared_at is null and mod(a.park_id, %s) = any(%s)
        order by c.rule_id, c.subject
        """,
        [SLOTS, list(slots)],
    )
    return {(row[0], row[1]): _interval(*row[2:]) for row in rows}


class Member(NamedTuple):
    """A condition that may be part of a composition."""

    rule_id: int
    place_id: int | None
    raised: int
    cleared: int | None


def members(
    conn: Connection, rule_ids: Sequence[int], park_id: int, since: int
) -> list[Member]:
    """Conditions of some rules in a park that last longer than to a time [us]."""
    rows = conn.execute(
        """
        select c.rule_id, a.place_id, c.raised_at, c.cleared_at
        from condition_interval c join alert a on a.id = c.alert_id
        where c.rule_id = any(%s) and a.park_id = %s
            and (c.cleared_at is null or c.cleared_at > %s)
        order by c.rule_id, c.raised_at, c.subject
        """,
        [list(rule_ids), park_id, instants.from_us(since)],
    )
    return [
        Member(
            rule_id,
            place_id,
            instants.to_us(raised),
            None if cleared is None else instants.to_us(cleared),
        )
        for rule_id, place_id, raised, cleared in rows
    ]


def of_rule(
    conn: Connection, rule_id: int, park_id: int, since: int
) -> dict[str, list[Interval]]:
    """Intervals of one rule in a park that last longer than to a time [us]."""
    rows = conn.execute(
        """
        select c.subject, c.onset, c.raised_at, c.cleared_at, c.steps::text,
            c.retroactive, c.alert_id
        from condition_interval c join alert a on a.id = c.alert_id
        where c.rule_id = %s and a.park_id = %s
            and (c.cleared_at is null or c.cleared_at > %s)
        order by c.subject, c.raised_at
        """,
        [rule_id, park_id, instants.from_us(since)],
    )
    found: dict[str, list[Interval]] = {}
    for subject, *columns in rows:
        found.setdefault(subject, []).append(_interval(*columns))
    return found


def replace(
    conn: Connection, changes: Mapping[Key, tuple[list[Interval], list[Interval]]]
) -> None:
    """Put new intervals of each key in the place of old ones."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "delete from condition_interval"
            " where rule_id = %s and subject = %s and raised_at = %s",
            [
                (*key, instants.from_us(each.raised))
                for key, (old, _) in sorted(changes.items())
                for each in old
            ],
        )
        cursor.executemany(
            "insert into condition_interval (rule_id, subject, raised_at, onset,"
            "  cleared_at, steps, retroactive, alert_id)"
            " values (%s, %s, %s, %s, %s, %s::jsonb, %s, %s)",
            [
                (*key, *_columns(each))
                for key, (_, new) in sorted(changes.items())
                for each in new
            ],
        )


def _columns(interval: Interval) -> tuple[object, ...]:
    return (
        instants.from_us(interval.raised),
        instants.from_us(interval.onset),
        None if interval.cleared is None else instants.from_us(interval.cleared),
        msgspec.json.encode(interval.steps).decode(),
        interval.retroactive,
        interval.alert_id,
    )
