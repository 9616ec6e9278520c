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
            coalesce(jsonb_object_agg(writer, n), '{}'), %(state)s, now()
        from consumer_position where consumer = %(consumer)s and slot = %(slot)s
        on conflict (consumer, slot) do update set
            positions = excluded.positions, state = excluded.state, at = excluded.at
        """,
        {"consumer": consumer, "slot": slot, "state": state},
    )


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
