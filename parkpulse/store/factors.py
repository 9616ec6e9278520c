"""Emission factors: dated rows with their source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from parkpulse.store.pool import Connection

FactorKind = Literal["grid", "residual", "generator", "fuel", "delivered_cooling"]


class FactorSpec(NamedTuple):
    """A factor in force from a day on until the next of its region and kind."""

    region: str
    kind: FactorKind
    valid_from: date
    factor: float
    """[kgCO2/kWh]"""
    source: str
    source_zh: str = ""
    """In Chinese; empty: what is stored stays as long as the source does."""


class FactorRow(NamedTuple):
    """A factor as it is stored."""

    id: int
    region: str
    kind: FactorKind
    valid_from: date
    factor: float
    source: str
    source_zh: str = ""
    """In Chinese; empty: as `source`."""


def load(conn: Connection) -> list[FactorRow]:
    """All factors, newest first."""
    rows = conn.execute(
        """
        select id, region, kind, valid_from, factor, source, source_zh
        from emission_factor
        order by valid_from desc, id
        """
    )
    return [FactorRow(*row) for row in rows]


def apply(conn: Connection, specs: Sequence[FactorSpec]) -> int:
    """Put factors in place; figures that rest on a changed one are folded again.

    Returns how many rows changed.
    """
    changed = [spec for spec in sorted(specs) if _put(conn, spec)]
    if changed:
        conn.execute(
            """
            insert into kpi_stale as s (data_centre_id, since, cause)
            select id, %s, 'emission factor' from data_centre order by id
            on conflict (data_centre_id) do update
            set since = least(s.since, excluded.since)
            """,
            [min(spec.valid_from for spec in changed)],
        )
    return len(changed)


def _put(conn: Connection, spec: FactorSpec) -> bool:
    return bool(
        conn.execute(
            """
            insert into emission_factor as f
                (region, kind, valid_from, factor, source, source_zh)
            values (%s, %s, %s, %s, %s, %s)
            on conflict (region, kind, valid_from) do update
            set factor = excluded.factor, source = excluded.source,
                source_zh = case
                    when excluded.source_zh = '' and f.source = excluded.source
                    then f.source_zh else excluded.source_zh end
            where (f.factor, f.source) is distinct from
                    (excluded.factor, excluded.source)
                or excluded.source_zh not in ('', f.source_zh)
            """,
            spec,
        ).rowcount
    )
