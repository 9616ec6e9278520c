"""KPI rows and revisions as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from parkpulse.model.kpi import KpiName, KpiRevision, ValueChange, Verdict
from parkpulse.store import directions

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    order: str = "start",
) -> list[KpiRow]:
    """Rows by start, end, period, KPI and category, past `after`; or by `-start`."""
    beyond, sorting = directions.of(order)
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
                or (period_start, period_end, period, kpi, category) """  # noqa: S608 - all parts are literals
        + beyond
        + """ (%(after_start)s, %(after_end)s, %(after_period)s, %(after_kpi)s,
                    %(after_category)s))
        order by period_start """
        + sorting
        + ", period_end "
        + sorting
        + ", period "
        + sorting
        + ", kpi "
        + sorting
        + ", category "
        + sorting
        + " limit %(limit)s",
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


class Revised(NamedTuple):
    """Whose changes are wanted; None does not restrict."""

    kpi: str | None = None
    category: int | None = None
    period: str | None = None
    start: datetime | None = None
    """Begin of the period."""


def revisions(
    conn: Connection,
    data_centre_id: int,
    of: Revised,
    after: int | None,
    limit: int,
    order: str = "-at",
) -> list[KpiRevision]:
    """Read changes of closed rows in order of time, past the id `after`."""
    beyond, sorting = directions.of(order)
    found = conn.execute(
        """
        select id, kpi, category, period, period_start, period_end, revision,
            old_value, new_value, old_coverage, new_coverage, cause, at
        from kpi_revision
        where data_centre_id = %(id)s
            and (%(kpi)s::text is null or kpi = %(kpi)s)
            and (%(category)s::smallint is null or category = %(category)s)
            and (%(period)s::text is null or period = %(period)s)
            and (%(start)s::timestamptz is null or period_start = %(start)s)
            and (%(after)s::bigint is null or id """  # noqa: S608 - all parts are literals
        + beyond
        + " %(after)s) order by id "
        + sorting
        + " limit %(limit)s",
        {"id": data_centre_id, **of._asdict(), "after": after, "limit": limit},
    )
    return [KpiRevision(*row) for row in found]


class Figure(NamedTuple):
    """What tells a row of a data centre from all others."""

    period: str
    start: datetime
    end: datetime
    kpi: str
    category: int


def changes(
    conn: Connection, data_centre_id: int, figures: Sequence[Figure]
) -> dict[Figure, list[ValueChange]]:
    """Return changes of closed rows, oldest first; those without any are left out."""
    found = conn.execute(
        """
        select r.period, r.period_start, r.period_end, r.kpi, r.category, r.revision,
            r.old_value, r.new_value, r.old_coverage, r.new_coverage, r.cause, r.at
        from unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[],
            %s::smallint[]) as f (period, period_start, period_end, kpi, category)
        join kpi_revision r using (period, period_start, period_end, kpi, category)
        where r.data_centre_id = %s
        order by r.revision
        """,
        [*(list(column) for column in zip(*figures, strict=True)), data_centre_id],
    )
    by_figure: dict[Figure, list[ValueChange]] = {}
    width = len(Figure._fields)
    for row in found:
        change = ValueChange(*row[width:])
        by_figure.setdefault(Figure(*row[:width]), []).append(change)
    return by_figure


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
