"""Snapshots of a consumer's state, and what it has consumed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.packed import Int32Array, Int64Array
    from parkpulse.store.pool import Connection


class Consumed(NamedTuple):
    """What a consumer has passed in a slot since its snapshot.

    `is_whole` is False when batches are missing, because they were deleted.
    """

    slot: int
    is_whole: bool
    series: Int32Array
    ts: Int64Array
    """Observed times [us]."""


def save(conn: Connection, consumer: str, slot: int, state: bytes) -> None:
    """Keep the state that belongs to the positions of this transaction."""
    conn.execute(
        """
        insert into engine_snapshot (consumer, slot, positions, state, at)
        select %(consumer)s, %(slot)s,
            coalesce(jsonb_object_agg(writer, n), '{}'), %(state)b, now()
        from consumer_position where consumer = %(consumer)s and slot = %(slot)s
        on conflict (consumer, slot) do update set
            positions = excluded.positions, state = excluded.state, at = excluded.at
        """,
        {"consumer": consumer, "slot": slot, "state": state},
    )
    conn.execute(
        "delete from engine_snapshot_change where consumer = %s and slot = %s",
        [consumer, slot],
    )


def add(conn: Connection, consumer: str, slot: int, change: bytes) -> None:
    """Keep what has changed since the snapshot up to the positions of now."""
    conn.execute(
        """
        insert into engine_snapshot_change (consumer, slot, n, state)
        select %(consumer)s, %(slot)s, coalesce(max(n), 0) + 1, %(change)b
        from engine_snapshot_change
        where consumer = %(consumer)s and slot = %(slot)s
        """,
        {"consumer": consumer, "slot": slot, "change": change},
    )
    conn.execute(
        """
        update engine_snapshot set at = now(), positions = (
            select coalesce(jsonb_object_agg(p.writer, p.n), '{}')
            from consumer_position p
            where p.consumer = %(consumer)s and p.slot = %(slot)s)
        where consumer = %(consumer)s and slot = %(slot)s
        """,
        {"consumer": consumer, "slot": slot},
    )


def changes(conn: Connection, consumer: str, slots: Sequence[int]) -> list[bytes]:
    """Return what has changed since the states that `load` gives, the oldest first."""
    rows = conn.execute(
        """
        select c.state from engine_snapshot_change c
        join engine_snapshot s on s.consumer = c.consumer and s.slot = c.slot
        where c.consumer = %s and c.slot = any(%s) order by c.slot, c.n
        """,
        [consumer, list(slots)],
    )
    return [state for (state,) in rows]


def load(conn: Connection, consumer: str, slots: Sequence[int]) -> dict[int, bytes]:
    """Return the states kept, by slot."""
    rows = conn.execute(
        """
        select slot, state from engine_snapshot
        where consumer = %s and slot = any(%s) order by slot
        """,
        [consumer, list(slots)],
    )
    return dict(rows.fetchall())


def consumed(conn: Connection, consumer: str, slots: Sequence[int]) -> list[Consumed]:
    """Tell what the consumer has passed since the snapshots of the slots."""
    rows = conn.execute(
        """
        select p.slot, b.found = p.n - k.n, coalesce(b.series, ''), coalesce(b.ts, '')
        from consumer_position p
        join engine_snapshot s on s.consumer = p.consumer and s.slot = p.slot
        cross join lateral (
            select coalesce((s.positions ->> p.writer)::bigint, 0) as n) k
        cross join lateral (
            select count(*) as found,
                string_agg(l.series, ''::bytea order by l.n) as series,
                string_agg(l.ts, ''::bytea order by l.n) as ts
            from batch_log l
            where l.slot = p.slot and l.writer = p.writer and l.n > k.n and l.n <= p.n
        ) b
        where p.consumer = %s and p.slot = any(%s) and p.n > k.n
        order by p.slot, p.writer
        """,
        [consumer, list(slots)],
    )
    return [_consumed(*row) for row in rows]


def _consumed(
    slot: int,
    is_whole: bool,  # noqa: FBT001 - a column
    series: bytes,
    ts: bytes,
) -> Consumed:
    return Consumed(
        slot,
        is_whole,
        np.frombuffer(series, "<i4").astype(np.int32, copy=False),
        np.frombuffer(ts, "<i8").astype(np.int64, copy=False),
    )
