"""The operating points of GB 40879 that were measured at data centres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.model.outlook import OperatingPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.store.pool import Connection


def load(conn: Connection, data_centre_id: int) -> list[OperatingPoint]:
    """Points of a data centre, a to e."""
    rows = conn.execute(
        """
        select point, time_share, total_kw, it_kw, measured_on, source
        from operating_point where data_centre_id = %s order by point
        """,
        [data_centre_id],
    )
    return [OperatingPoint(*row) for row in rows]


def apply(
    conn: Connection, data_centre_id: int, points: Sequence[OperatingPoint]
) -> None:
    """Replace the points of a data centre."""
    conn.execute(
        "delete from operating_point where data_centre_id = %s", [data_centre_id]
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into operating_point (data_centre_id, point, time_share, total_kw,
                it_kw, measured_on, source)
            values (%s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (
                    data_centre_id,
                    each.point,
                    each.time_share,
                    each.total_kw,
                    each.it_kw,
                    each.measured_on,
                    each.source,
                )
                for each in sorted(points, key=lambda each: each.point)
            ],
        )
