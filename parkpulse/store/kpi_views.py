"""KPI rows and revisions as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from parkpulse.model.kpi import KpiName, KpiRevision, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.periods import Period
    from parkpulse.model.registry import Role
    from parkpulse.store.pool import Connection


class KpiRow(NamedTuple):
    """One row, its evidence as it is stored."""

    kpi: KpiName
    category: int
    period: Period
    start: datetime
    end: datetime
    value: float | None
    numerator_kwh: float
    numerator_estimated_kwh: float
    denominator_kwh: float
    denominator_estimated_kwh: float
    coverage: float
    covered_s: float
    estimated_s: float
    elapsed_s: float
    verdict: Verdict
    target: float | None
    state: Literal["open", "closed"]
    revision: int
    computed_at: datetime
    evidence: dict[str, Any]


class Wanted(NamedTuple):
    """Which rows; None stands for all."""

    kpi: KpiName | None = None
    category: int | None = None
    period: Period | None = None
    start: datetime | None = None
    """Periods that end after this."""
    end: datetime | None = None
    """Periods that begin before this."""


class Position(NamedTuple):
    """Where a row stands in the list."""

    start: datetime
    end: datetime
    period: str
    kpi: str
    category: int


def rows(
    conn: Connection,
    data_centre_id: int,
    wanted: Wanted,
    after: Position | None,
    limit: int,
) -> list[KpiRow]:
    """Rows by start, end, period, KPI and category, past `after`."""
    found = conn.execute(
        """
        select kpi, category, period, period_start, period_end, value,
            numerator_kwh, numerator_estimated_kwh, denominator_kwh,
            denominator_estimated_kwh, coverage, covered_s, estimated_s, elapsed_s,
            verdict, target, state, revision, computed_at, evidence
        from kpi
        where data_centre_id = %(id)s
            and (%(kpi)s::text is null or kpi = %(kpi)s)
            and (%(category)s::smallint is null or category = %(category)s)
            and (%(period)s::text is null or period = %(period)s)
            and (%(start)s::timestamptz is null or period_end > %(start)s)
            and (%(end)s::timestamptz is null or period_start < %(end)s)
            and (%(after_start)s::timestamptz is null
                or (period_start, period_end, period, kpi, category)
                    > (%(after_start)s, %(after_end)s, %(after_period)s,
                        %(after_kpi)s, %(after_category)s))
        order by period_start, period_end, period, kpi, category
        limit %(limit)s
        """,
        {
            "id": data_centre_id,
            **wanted._asdict(),
            **_after(after),
            "limit": limit,
        },
    )
    return [KpiRow(*row) for row in found]


def _after(after: Position | None) -> dict[str, object]:
    values = after or [None] * len(Position._fields)
    names = [f"after_{name}" for name in Position._fields]
    return dict(zip(names, values, strict=True))


def newest(conn: Connection, data_centre_id: int) -> list[KpiRow]:
    """Newest row of each KPI, category and period; none that lags by days."""
    found = conn.execute(
        """
        select distinct on (k.kpi, k.category, k.period)
            k.kpi, k.category, k.period, k.period_start, k.period_end, k.value,
            k.numerator_kwh, k.numerator_estimated_kwh, k.denominator_kwh,
            k.denominator_estimated_kwh, k.coverage, k.covered_s, k.estimated_s,
            k.elapsed_s, k.verdict, k.target, k.state, k.revision, k.computed_at,
            k.evidence
        from unnest('{hour,day,month,year,rolling_12_months}'::text[]) p (period)
        cross join lateral (
            select max(period_start) - interval '3 days' as start from kpi
            where data_centre_id = %(id)s and period = p.period
        ) since
        join kpi k on k.data_centre_id = %(id)s and k.period = p.period
            and k.period_start >= since.start
        order by k.kpi, k.category, k.period, k.period_start desc, k.period_end desc
        """,
        {"id": data_centre_id},
    )
    return [KpiRow(*row) for row in found]


def revisions(
    conn: Connection, data_centre_id: int, before: int | None, limit: int
) -> list[KpiRevision]:
    """Read changes of closed rows, newest first, with ids below `before`."""
    found = conn.execute(
        """
        select id, kpi, category, period, period_start, period_end, revision,
            old_value, new_value, old_coverage, new_coverage, cause, at
        from kpi_revision
        where data_centre_id = %(id)s
            and (%(before)s::bigint is null or id < %(before)s)
        order by id desc limit %(limit)s
        """,
        {"id": data_centre_id, "before": before, "limit": limit},
    )
    return [KpiRevision(*row) for row in found]


class MeterName(NamedTuple):
    """How people know a meter."""

    device: str
    metric: str
    role: Role


def meter_names(conn: Connection, data_centre_id: int) -> dict[int, MeterName]:
    """Names of all meters that a data centre has or had, by id."""
    found = conn.execute(
        """
        select m.id, d.code, s.metric, m.role
        from meter m
        join series s on s.id = m.series_id
        join device d on d.id = s.device_id
        where m.data_centre_id = %s
        """,
        [data_centre_id],
    )
    return {row[0]: MeterName(*row[1:]) for row in found}
