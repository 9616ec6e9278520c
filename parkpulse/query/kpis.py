"""KPIs with their evidence, and the changes of closed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from parkpulse.model import instants
from parkpulse.model.kpi import (
    UNITS,
    AttributeEvidence,
    EmissionEvidence,
    Evidence,
    Factor,
    Kpi,
    MeterEvidence,
    Rule,
)
from parkpulse.query import paging
from parkpulse.query.paging import Page
from parkpulse.store import certificates, factors, meters
from parkpulse.store import kpi_views as store
from parkpulse.store.kpi_views import Figure, Position, Revised, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.certificates import Attribute
    from parkpulse.model.kpi import KpiRevision, ValueChange
    from parkpulse.store.kpi_views import KpiRow
    from parkpulse.store.pool import Connection

__all__ = ["Revised", "Wanted", "page", "revisions", "summary"]
_ALL = Revised()
OLDEST_FIRST = "start"
NEWEST_FIRST = "-at"
_YEAR_S = 364 * 86_400.0


def page(
    conn: Connection,
    data_centre_id: int,
    wanted: Wanted,
    *,
    limit: int = 100,
    cursor: str | None = None,
    order: str = OLDEST_FIRST,
) -> Page[Kpi]:
    """One page of rows in order of their start.

    Raises
    ------
    InvalidRequestError
        The cursor was not made for this list.
    """
    after = None if cursor is None else _position(cursor, order)
    rows = store.rows(conn, data_centre_id, wanted, after, limit + 1, order)
    shown = _shown(conn, data_centre_id, rows[:limit])
    return Page(shown, _cursor(rows[limit - 1], order) if len(rows) > limit else None)


def _cursor(row: KpiRow, order: str) -> str:
    start, end = instants.to_us(row.start), instants.to_us(row.end)
    return paging.encode(order, [start, end, row.period, row.kpi, row.category])


def _position(cursor: str, order: str) -> Position:
    start, end, *rest = paging.decode(order, cursor, [int, int, str, str, int])
    period, kpi, category = map(str, rest)
    return Position(
        instants.from_us(int(start)),
        instants.from_us(int(end)),
        period,
        kpi,
        int(category),
    )


def summary(conn: Connection, data_centre_id: int) -> list[Kpi]:
    """Newest row of each KPI, category and period."""
    return _shown(conn, data_centre_id, store.newest(conn, data_centre_id))


def revisions(
    conn: Connection,
    data_centre_id: int,
    of: Revised = _ALL,
    *,
    limit: int = 100,
    cursor: str | None = None,
    order: str = NEWEST_FIRST,
) -> Page[KpiRevision]:
    """One page of the changes of closed rows, in order of time.

    Raises
    ------
    InvalidRequestError
        The cursor was not made for this list.
    """
    after = int(paging.decode(order, cursor, [int])[0]) if cursor else None
    found = store.revisions(conn, data_centre_id, of, after, limit + 1, order)
    shown = found[:limit]
    more = len(found) > limit
    return Page(shown, paging.encode(order, [shown[-1].id]) if more else None)


def _shown(conn: Connection, data_centre_id: int, rows: Sequence[KpiRow]) -> list[Kpi]:
    if not rows:
        return []
    books = _Books(
        store.meter_names(conn, data_centre_id),
        {row.id: row for row in meters.targets(conn)},
        {row.id: row for row in factors.load(conn)},
        {row.id: row for row in certificates.load(conn, data_centre_id)},
        _changes(conn, data_centre_id, rows),
    )
    return [_kpi(row, books) for row in rows]


def _changes(
    conn: Connection, data_centre_id: int, rows: Sequence[KpiRow]
) -> dict[Figure, list[ValueChange]]:
    changed = [_figure(row) for row in rows if row.revision]
    return store.changes(conn, data_centre_id, changed) if changed else {}


def _figure(row: KpiRow) -> Figure:
    return Figure(row.period, row.start, row.end, row.kpi, row.category)


class _Books(NamedTuple):
    """What the ids in a row's evidence stand for."""

    meters: dict[int, store.MeterName]
    targets: dict[int, meters.TargetRow]
    factors: dict[int, factors.FactorRow]
    attributes: dict[int, Attribute]
    changes: dict[Figure, list[ValueChange]]


def _kpi(row: KpiRow, books: _Books) -> Kpi:
    stored = row.evidence
    target = books.targets.get(stored.get("target", 0))
    shown = [
        _meter(books.meters[meter_id], *figures)
        for meter_id, *figures in stored.get("meters", [])
        if meter_id in books.meters
    ]
    evidence = Evidence(
        meters=shown,
        clipped=stored.get("clipped", False),
        finding=stored.get("finding"),
        rule=target and _rule(target, is_in_scope=stored.get("in_scope", False)),
        emissions=_emissions(stored, books),
        attributes=[
            _attribute(books.attributes[key], *figures)
            for key, *figures in stored.get("attributes", [])
            if key in books.attributes
        ],
        revisions=books.changes.get(_figure(row), []),
    )
    unit, numerator_unit = UNITS.get(row.kpi, ("1", "kWh"))
    return Kpi(
        **{**row._asdict(), "evidence": evidence},
        comparison=target.comparison if target else None,
        variant=_variant(row),
        unit=unit,
        numerator_unit=numerator_unit,
    )


def _variant(row: KpiRow) -> Literal["PUE", "iPUE"] | None:
    if row.kpi != "pue":
        return None
    return "PUE" if row.elapsed_s >= _YEAR_S else "iPUE"


def _emissions(stored: dict[str, Any], books: _Books) -> EmissionEvidence | None:
    emitted = stored.get("emissions")
    if emitted is None:
        return None
    ids = stored.get("factors", [])
    used = [Factor(*books.factors[key][1:]) for key in ids if key in books.factors]
    return EmissionEvidence(emitted[0], emitted[1], used)


def _attribute(
    row: Attribute, counted_kwh: float, refused: str | None
) -> AttributeEvidence:
    return AttributeEvidence(row.serial, row.kind, row.volume_kwh, counted_kwh, refused)


def _meter(
    name: store.MeterName, kwh: float, estimated_kwh: float, covered_s: float
) -> MeterEvidence:
    return MeterEvidence(
        name.device, name.metric, name.role, kwh, estimated_kwh, covered_s
    )


def _rule(target: meters.TargetRow, *, is_in_scope: bool) -> Rule:
    return Rule(
        comparison=target.comparison,
        value=target.value,
        coverage_floor=target.coverage_floor,
        valid_from=target.valid_from,
        commissioned_from=target.commissioned_from,
        min_standard_racks=target.min_standard_racks,
        in_scope=is_in_scope,
        source=target.source,
        source_zh=target.source_zh,
    )
