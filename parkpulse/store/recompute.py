"""Recomputations that were asked for, and which parts of them are done."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from parkpulse.store.pool import Connection


class Asked(NamedTuple):
    """What somebody wants computed again: [since, until) of some data centres."""

    since: datetime
    until: datetime
    park: str | None
    data_centre: str | None


class Part(NamedTuple):
    """Hours of a data centre from `start` [us] on; its days, if `start` is None."""

    data_centre_id: int
    start: int | None


def begin(conn: Connection, asked: Asked) -> int:
    """Take up the unfinished recomputation of that kind, or begin one; its id."""
    row = conn.execute(
        """
        select id from recompute
        where (since, until) = (%s, %s) and finished_at is null
            and park is not distinct from %s and data_centre is not distinct from %s
        order by id desc limit 1
        """,
        asked,
    ).fetchone()
    if row is None:
        row = conn.execute(
            "insert into recompute (since, until, park, data_centre)"
            " values (%s, %s, %s, %s) returning id",
            asked,
        ).fetchone()
    return int(row[0]) if row else 0


def done(conn: Connection, recompute_id: int) -> Collection[Part]:
    """Parts that are done."""
    rows = conn.execute(
        """
        select data_centre_id, case when isfinite(start)
            then (extract(epoch from start) * 1000000)::bigint end
        from recompute_part where recompute_id = %s
        """,
        [recompute_id],
    )
    return {Part(*row) for row in rows}


def note(conn: Connection, recompute_id: int, part: Part) -> None:
    """Remember with its figures, in one transaction, that a part is done."""
    conn.execute(
        """
        insert into recompute_part (recompute_id, data_centre_id, start)
        values (%(id)s, %(centre)s, coalesce(
            '1970-01-01Z'::timestamptz + %(start)s::bigint * interval '1 us',
            'infinity'))
        on conflict do nothing
        """,
        {"id": recompute_id, "centre": part.data_centre_id, "start": part.start},
    )


def finish(conn: Connection, recompute_id: int) -> None:
    """Everything is done; the same asked again begins anew."""
    conn.execute(
        "update recompute set finished_at = now() where id = %s", [recompute_id]
    )
