"""The design energy model of a data centre."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.store.pool import Connection


class DesignMonth(NamedTuple):
    """Predicted energies of a month of the year at the stated IT load."""

    month: int
    """1 to 12."""
    facility_kwh: float
    it_kwh: float
    it_load_kw: float
    source: str


def load(conn: Connection, data_centre_id: int) -> list[DesignMonth]:
    """Months of a data centre's model, January first."""
    rows = conn.execute(
        """
        select month, facility_kwh, it_kwh, it_load_kw, source from design_energy
        where data_centre_id = %s order by month
        """,
        [data_centre_id],
    )
    return [DesignMonth(*row) for row in rows]


def apply(conn: Connection, data_centre_id: int, months: Sequence[DesignMonth]) -> None:
    """Replace the model of a data centre."""
    conn.execute(
        "delete from design_energy where data_centre_id = %s", [data_centre_id]
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into design_energy (data_centre_id, month, facility_kwh, it_kwh,
                it_load_kw, source)
            values (%s, %s, %s, %s, %s, %s)
            """,
            [(data_centre_id, *each) for each in sorted(months)],
        )
