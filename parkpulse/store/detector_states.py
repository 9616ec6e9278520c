"""What the anomaly detector knows of its series, and what it has scored since."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.store import batchlog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parkpulse.model.packed import LoggedBatch
    from parkpulse.store.pool import Connection

_STATES, _BATCHES = 4, 50
"""Rows that are fetched at once."""

Part = tuple[int, int]
"""Slot, and number of a part of its series."""


class State(NamedTuple):
    """A part's state, empty before the first one, and the positions of its slot."""

    part: Part
    positions: dict[str, int]
    """Last batch of each writer that it holds."""
    state: bytes
    age_s: float
    """Since it was saved. [s]"""


class Load(NamedTuple):
    """Series that rules watch and that are followed, and the processor time."""

    watched: int
    followed: int
    share: float
    """Of one core, of the process that has most to do. [-]"""


def begin(
    conn: Connection, consumer: str, layout: str, slots: Sequence[int], parts: set[Part]
) -> None:
    """Keep exactly these parts of the slots; new ones begin at the positions of now."""
    conn.execute(
        """
        delete from detector_state d where consumer = %s and slot = any(%s)
            and (layout <> %s or not exists (
                select from unnest(%s::smallint[], %s::integer[]) as t (slot, part)
                where (t.slot, t.part) = (d.slot, d.part)))
        """,
        [consumer, list(slots), layout, *_columns(parts)],
    )
    conn.execute(
        """
        insert into detector_state (consumer, slot, part, layout, positions, state)
        select %(consumer)s, t.slot, t.part, %(layout)s, (
            select coalesce(jsonb_object_agg(p.writer, p.n), '{}')
            from consumer_position p
            where p.consumer = %(consumer)s and p.slot = t.slot), ''
        from unnest(%(slots)s::smallint[], %(parts)s::integer[]) as t (slot, part)
        on conflict do nothing
        """,
        {
            "consumer": consumer,
            "layout": layout,
            **dict(zip(("slots", "parts"), _columns(parts), strict=True)),
        },
    )


def _columns(parts: set[Part]) -> tuple[list[int], list[int]]:
    rows = sorted(parts)
    return [slot for slot, _ in rows], [part for _, part in rows]


def save(conn: Connection, consumer: str, part: Part, state: bytes | None) -> None:
    """Keep the state that belongs to the positions of this transaction.

    None when it is as it was.
    """
    conn.execute(
        """
        update detector_state d set at = now(), state = coalesce(%b, state),
            positions = (
                select coalesce(jsonb_object_agg(p.writer, p.n), '{}')
                from consumer_position p
                where p.consumer = d.consumer and p.slot = d.slot)
        where consumer = %s and slot = %s and part = %s
        """,
        [state, consumer, *part],
    )


def load(conn: Connection, consumer: str, slots: Sequence[int]) -> Iterator[State]:
    """Read the states, a few at a time."""
    with conn.cursor("detector_states") as cursor:
        cursor.itersize = _STATES
        cursor.execute(
            """
            select slot, part, positions, state,
                extract(epoch from now() - at)::float8
            from detector_state
            where consumer = %s and slot = any(%s) order by slot, part
            """,
            [consumer, list(slots)],
        )
        for slot, part, *rest in cursor:
            yield State((slot, part), *rest)


def missed(
    conn: Connection, consumer: str, slots: Sequence[int]
) -> Iterator[list[LoggedBatch]]:
    """Batches that the consumer has passed since its oldest states, as committed."""
    with conn.cursor("detector_missed") as cursor:
        cursor.itersize = _BATCHES
        cursor.execute(
            """
            with kept as (
                select p.slot, p.writer, p.n,
                    min(coalesce((d.positions ->> p.writer)::bigint, 0)) as oldest
                from consumer_position p join detector_state d using (consumer, slot)
                where p.consumer = %s and p.slot = any(%s)
                group by p.slot, p.writer, p.n)
            select b.slot, b.writer, b.n, b.at, b.series, b.ts, b.value, b.flag
            from kept k join batch_log b on b.slot = k.slot and b.writer = k.writer
                and b.n > k.oldest and b.n <= k.n
            order by b.at, b.slot, b.writer, b.n
            """,
            [consumer, list(slots)],
        )
        while rows := cursor.fetchmany(_BATCHES):
            yield [batchlog.logged(*row) for row in rows]


def tell(conn: Connection, rows: Sequence[tuple[int, int, int]], share: float) -> None:
    """Keep how many series of each slot are watched and followed."""
    conn.execute(
        """
        insert into detector_load as d (slot, watched, followed, share)
        select slot, watched, followed, %s
        from unnest(%s::smallint[], %s::integer[], %s::integer[])
            as t (slot, watched, followed)
        order by slot
        on conflict (slot) do update set watched = excluded.watched,
            followed = excluded.followed, share = excluded.share, at = now()
        """,
        [share, *(list(column) for column in zip(*sorted(rows), strict=True))],
    )


def told(conn: Connection) -> Load:
    """Sum over the slots of which anything was told lately."""
    (row,) = conn.execute(
        """
        select coalesce(sum(watched), 0)::bigint, coalesce(sum(followed), 0)::bigint,
            coalesce(max(share), 0)::float8
        from detector_load where at > now() - interval '5 minutes'
        """
    ).fetchall()
    return Load(*row)
