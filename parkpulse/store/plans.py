"""Drawings of parks and where their places and devices lie on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from parkpulse.model.drawing import Drawing, Kind
    from parkpulse.model.outline import Bounds
    from parkpulse.store.pool import Connection


class PlanRow(NamedTuple):
    """A drawing without its content; `bounds` [degrees] of one made from GeoJSON."""

    source: Kind
    kind: Literal["svg", "png"]
    width: float
    height: float
    bounds: Sequence[float] | None
    updated_at: datetime


class Position(NamedTuple):
    """Where a place or a device lies: shares of width and height from the top left."""

    kind: Literal["place", "device"]
    code: str
    x: float
    y: float


def load(conn: Connection, park_id: int) -> PlanRow | None:
    """Return what is known of a park's drawing; None without one."""
    row = conn.execute(
        """
        select source, kind, width, height, bounds, updated_at
        from park_plan where park_id = %s
        """,
        [park_id],
    ).fetchone()
    return None if row is None else PlanRow(*row)


def content(conn: Connection, park_id: int) -> tuple[str, bytes] | None:
    """Return kind and bytes of a park's drawing; None without one."""
    row = conn.execute(
        "select kind, content from park_plan where park_id = %s", [park_id]
    ).fetchone()
    return None if row is None else (str(row[0]), bytes(row[1]))


def save(
    conn: Connection,
    park_id: int,
    source: Kind,
    drawing: Drawing,
    bounds: Bounds | None = None,
) -> None:
    """Put a drawing in place of the one before."""
    conn.execute(
        """
        insert into park_plan (park_id, source, kind, content, width, height, bounds)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (park_id) do update set (source, kind, content, width, height,
            bounds, updated_at) = (excluded.source, excluded.kind, excluded.content,
            excluded.width, excluded.height, excluded.bounds, now())
        """,
        [
            park_id,
            source,
            drawing.kind,
            drawing.content,
            drawing.width,
            drawing.height,
            None if bounds is None else list(bounds),
        ],
    )


def remove(conn: Connection, park_id: int) -> bool:
    """Remove a park's drawing and all positions; tells whether there was one."""
    conn.execute("delete from plan_position where park_id = %s", [park_id])
    found = conn.execute("delete from park_plan where park_id = %s", [park_id])
    return found.rowcount > 0


def positions(conn: Connection, park_id: int) -> list[Position]:
    """Return all positions of a park, by kind and code."""
    rows = conn.execute(
        """
        select kind, code, x, y from plan_position where park_id = %s
        order by kind, code
        """,
        [park_id],
    )
    return [Position(*row) for row in rows]


def put_positions(conn: Connection, park_id: int, wanted: Iterable[Position]) -> None:
    """Replace all positions of a park."""
    conn.execute("select from park where id = %s for update", [park_id])
    conn.execute("delete from plan_position where park_id = %s", [park_id])
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into plan_position (park_id, kind, code, x, y)
            values (%s, %s, %s, %s, %s)
            """,
            [(park_id, *each) for each in sorted(wanted)],
        )
