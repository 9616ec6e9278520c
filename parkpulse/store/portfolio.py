"""The newest KPI rows of all data centres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.model.kpi import KpiName, Verdict
    from parkpulse.model.periods import Period
    from parkpulse.store.pool import Connection


class PortfolioRow(NamedTuple):
    """A KPI of a data centre."""

    park: str
    data_centre: str
    name_zh: str
    name_en: str
    kpi: KpiName
    category: int
    start: datetime
    end: datetime
    value: float | None
    numerator_kwh: float
    denominator_kwh: float
    coverage: float
    verdict: Verdict
    state: Literal["open", "closed"]
    revision: int
    evidence: dict[str, Any]


def newest(
    conn: Connection, parks: Sequence[str], period: Period, at: datetime | None
) -> list[PortfolioRow]:
    """Newest row of each data centre of these parks, KPI and category.

    Parameters
    ----------
    conn
        Open connection.
    parks
        Codes.
    period
        Of which length.
    at
        An instant that the period holds; of rolling months, their last day. None: the
        newest period of each data centre.
    """
    rows = conn.execute(
        """
        select distinct on (p.code, c.code, k.kpi, k.category)
            p.code, c.code, c.name_zh, c.name_en, k.kpi, k.category, k.period_start,
            k.period_end, k.value, k.numerator_kwh, k.denominator_kwh, k.coverage,
            k.verdict, k.state, k.revision, k.evidence
        from data_centre c
        join park p on p.id = c.park_id
        cross join lateral (
            select max(period_end) as last from kpi
            where data_centre_id = c.id and period = %(period)s
                and (%(at)s::timestamptz is null or (%(at)s < period_end
                    and case period when 'rolling_12_months'
                        then period_end - interval '1 day'
                        else period_start end <= %(at)s))
        ) newest
        join kpi k on k.data_centre_id = c.id and k.period = %(period)s
            and k.period_end = newest.last
        where p.code = any(%(parks)s)
        order by p.code, c.code, k.kpi, k.category, k.period_start desc
        """,
        {"parks": list(parks), "period": period, "at": at},
    )
    return [PortfolioRow(*row) for row in rows]
