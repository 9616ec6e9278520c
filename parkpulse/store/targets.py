"""Targets that KPIs are compared with, as people edit them: dated, with a source."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from parkpulse.errors import NotFoundError

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection


class TargetSpec(Struct, frozen=True, kw_only=True):
    """A target to put in force; REF and PUE are compared each in their own way."""

    kpi: Literal["pue", "ref"]
    value: float
    coverage_floor: float
    valid_from: date
    commissioned_from: date | None
    min_standard_racks: int
    source: str
    source_zh: str = ""
    """In Chinese; empty: as `source`."""


def add(conn: Connection, spec: TargetSpec) -> int:
    """Put a target in force; figures from its day on are judged again."""
    ((key,),) = conn.execute(
        """
        insert into target (kpi, comparison, value, coverage_floor, valid_from,
            commissioned_from, min_standard_racks, source, source_zh)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning id
        """,
        [
            spec.kpi,
            "lt" if spec.kpi == "pue" else "ge",
            spec.value,
            spec.coverage_floor,
            spec.valid_from,
            spec.commissioned_from,
            spec.min_standard_racks,
            spec.source,
            spec.source_zh,
        ],
    ).fetchall()
    _mark(conn, spec.valid_from)
    return int(key)


def end(conn: Connection, target_id: int, valid_to: date) -> None:
    """End a target before a day; figures from that day on are judged again.

    Raises
    ------
    NotFoundError
        There is no target that is in force on that day or later.
    """
    found = conn.execute(
        "update target set valid_to = %(to)s where id = %(id)s"
        " and valid_from <= %(to)s and (valid_to is null or valid_to > %(to)s)",
        {"id": target_id, "to": valid_to},
    ).rowcount
    if not found:
        kind = "target"
        raise NotFoundError(kind, str(target_id))
    _mark(conn, valid_to)


def _mark(conn: Connection, since: date) -> None:
    conn.execute(
        """
        insert into kpi_stale as s (data_centre_id, since, cause)
        select id, %s, 'target' from data_centre order by id
        on conflict (data_centre_id) do update
        set since = least(s.since, excluded.since)
        """,
        [since],
    )
