"""The list of metrics in the database, for those who read with SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.model.metrics import METRICS

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection


def write(conn: Connection) -> None:
    """Bring names and units to those of this version; the same again is nothing."""
    found = sorted(METRICS.values(), key=lambda each: each.name)
    conn.execute(
        """
        insert into metric_name as m (metric, unit, kind, zh, en)
        select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
        on conflict (metric) do update set unit = excluded.unit,
            kind = excluded.kind, zh = excluded.zh, en = excluded.en
        where (m.unit, m.kind, m.zh, m.en) is distinct from
            (excluded.unit, excluded.kind, excluded.zh, excluded.en)
        """,
        [
            [each.name for each in found],
            [each.unit for each in found],
            [each.kind for each in found],
            [each.zh for each in found],
            [each.en for each in found],
        ],
    )
