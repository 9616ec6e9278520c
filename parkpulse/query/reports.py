"""Makes reports: gathers the figures of a period and freezes them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from uuid_utils import compat

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import instants, report
from parkpulse.model.alert import SEVERITIES
from parkpulse.model.periods import Calendar
from parkpulse.model.registry import Name
from parkpulse.model.report import (
    Alarms,
    Arrivals,
    CentreMonths,
    Inspection,
    ParkReport,
    Subject,
)
from parkpulse.query import kpis, projection
from parkpulse.query.catalogue import DataCentre
from parkpulse.query.kpis import Wanted
from parkpulse.store import (
    alarm_history,
    certificates,
    kpi_views,
    ledger,
    parks,
    quarantine,
    reports,
)
from parkpulse.store.alarm_history import Scope
from parkpulse.store.reports import NewReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from parkpulse.model.certificates import Attribute
    from parkpulse.model.kpi import Kpi, KpiRevision
    from parkpulse.model.outlook import Projection
    from parkpulse.model.periods import Period
    from parkpulse.model.report import Asked, Content, ReportKind
    from parkpulse.store.alarm_history import Raised
    from parkpulse.store.parks import DataCentreRow, ParkRow
    from parkpulse.store.pool import Connection

_MOST_ROWS = 1000
_INSTANT = timedelta(microseconds=1)
_YEARLY: tuple[Period, ...] = ("year", "rolling_12_months")


class Order(NamedTuple):
    """What somebody wants a report of."""

    park: str
    kind: ReportKind
    period: str
    data_centre: str | None
    made_by: str


def make(conn: Connection, order: Order) -> UUID:
    """Gather the figures of a period, freeze and keep them; returns the report's id.

    Parameters
    ----------
    conn
        At the begin of a transaction, which sees one state of all figures.
    order
        What is wanted.

    Raises
    ------
    NotFoundError
        There is no such park or data centre.
    InvalidRequestError
        The period is none of this kind, or has not begun.
    """
    reports.freeze(conn)
    row = next((each for each in parks.parks(conn) if each.code == order.park), None)
    if row is None:
        kind = "park"
        raise NotFoundError(kind, order.park)
    asked = report.span(order.kind, order.period, Calendar(row.zone))
    subject = _subject(conn, row, order.period, asked)
    centre = _centre(conn, row, order)
    content = (
        _park(conn, row, subject)
        if centre is None
        else _inspection(conn, subject, centre, asked)
    )
    return _keep(conn, row, centre, order, subject, content)


def _keep(
    conn: Connection,
    row: ParkRow,
    centre: DataCentreRow | None,
    order: Order,
    subject: Subject,
    content: Content,
) -> UUID:
    text = report.encode(content)
    found = NewReport(
        id=compat.uuid7(),
        park_id=row.id,
        data_centre_id=centre and centre.id,
        kind=order.kind,
        period=order.period,
        start=subject.start,
        end=subject.end,
        made_by=order.made_by,
        revision_id=reports.newest_revision(conn),
        content=text,
        content_sha256=report.digest(text),
    )
    reports.add(conn, found)
    return found.id


def _subject(conn: Connection, row: ParkRow, period: str, asked: Asked) -> Subject:
    now = parks.now(conn, row.code)
    start = instants.from_us(asked.span.start)
    if start > now:
        code, message = "period_to_come", "the period has not begun"
        raise InvalidRequestError(code, message, "/period")
    return Subject(
        park=row.code,
        name=Name(zh=row.name_zh, en=row.name_en),
        grade=row.grade,
        zone=row.zone,
        simulated=row.simulated,
        period=period,
        start=start,
        end=instants.from_us(asked.span.end),
        now=now,
    )


def _centre(conn: Connection, row: ParkRow, order: Order) -> DataCentreRow | None:
    if (order.kind == "inspection") != (order.data_centre is not None):
        code = "wrong_subject"
        message = "the inspector's report is of one data centre, the others of a park"
        raise InvalidRequestError(code, message, "/data_centre")
    if order.data_centre is None:
        return None
    for each in parks.data_centres(conn):
        if (each.park_id, each.code) == (row.id, order.data_centre):
            return each
    kind = "data centre"
    raise NotFoundError(kind, order.data_centre)


# An inspector's report -----------------------------------------------------------


def _inspection(
    conn: Connection, subject: Subject, centre: DataCentreRow, asked: Asked
) -> Inspection:
    return Inspection(
        subject=subject,
        data_centre=centre.code,
        data_centre_name=_name(centre),
        commissioned=centre.commissioned,
        standard_racks=centre.standard_racks,
        figures=_figures(conn, centre.id, subject, asked.period),
        months=_months(conn, centre.id, subject),
        certificates=_certificates(conn, centre.id, subject),
        revisions=_revisions(conn, centre.id, subject),
        projections=_projections(conn, centre, subject, asked.period),
    )


def _name(row: DataCentreRow) -> Name:
    return Name(zh=row.name_zh, en=row.name_en)


def _figures(
    conn: Connection, centre: int, subject: Subject, period: Period
) -> list[Kpi]:
    # What holds the first and the last instant is this very period.
    ends = (subject.end - _INSTANT, subject.start + _INSTANT)
    wanted = Wanted(None, None, period, *ends)
    found = kpis.page(conn, centre, wanted, limit=_MOST_ROWS).items
    return [each for each in found if each.start == subject.start]


def _months(conn: Connection, centre: int, subject: Subject) -> list[Kpi]:
    wanted = Wanted(None, None, "month", subject.start, subject.end)
    return list(kpis.page(conn, centre, wanted, limit=_MOST_ROWS).items)


def _days(subject: Subject) -> tuple[date, date]:
    calendar = Calendar(subject.zone)
    first, last = map(instants.to_us, (subject.start, subject.end))
    return calendar.day_of(first), calendar.day_of(last)


def _certificates(conn: Connection, centre: int, subject: Subject) -> list[Attribute]:
    first, last = _days(subject)
    return [
        each
        for each in certificates.load(conn, centre)
        if each.used_from < last and each.used_to > first
    ]


def _revisions(conn: Connection, centre: int, subject: Subject) -> list[KpiRevision]:
    def belongs(each: KpiRevision) -> bool:
        if each.period in _YEARLY:
            return (each.start, each.end) == (subject.start, subject.end)
        inside = each.start < subject.end and each.end > subject.start
        return each.period == "month" and inside

    found = kpi_views.revisions(conn, centre, kpi_views.Revised(), None, _MOST_ROWS)
    return [each for each in found if belongs(each)]


def _projections(
    conn: Connection, centre: DataCentreRow, subject: Subject, period: Period
) -> list[Projection]:
    if period != "year" or subject.is_over:
        return []
    of = DataCentre(
        centre.id,
        centre.code,
        _name(centre),
        centre.commissioned,
        centre.standard_racks,
        centre.place,
    )
    found = (
        projection.project(conn, of, subject.zone, subject.now, kpi=kpi)
        for kpi in projection.PROJECTED
    )
    return [each for each in found if each.value is not None]


# A park's report -----------------------------------------------------------------


def _park(conn: Connection, row: ParkRow, subject: Subject) -> ParkReport:
    until = min(subject.end, subject.now)
    days = max((until - subject.start).days, 0)
    scope = Scope(row.id, None, subject.start, max(until, subject.start))
    raised = alarm_history.raised(conn, scope)
    centres = [each for each in parks.data_centres(conn) if each.park_id == row.id]
    return ParkReport(
        subject=subject,
        sensing=reports.sensing(
            conn, row.id, subject.start, subject.start + timedelta(days=days), days
        ),
        alarms=_alarms(raised),
        median_s=_waits(raised, 0.5),
        retroactive=alarm_history.retroactive(conn, scope),
        standing=alarm_history.standing(conn, scope),
        centres=[
            CentreMonths(each.code, _name(each), _months(conn, each.id, subject))
            for each in centres
        ],
        arrivals=_arrivals(conn, subject),
        flags=reports.flags(conn, row.id, subject.start, subject.end),
    )


def _alarms(raised: Sequence[Raised]) -> list[Alarms]:
    found = []
    for severity in reversed(SEVERITIES):
        mine = [each for each in raised if each.severity == severity]
        answered = sum(each.acknowledged_s is not None for each in mine)
        quantiles = _waits(mine, 0.5), _waits(mine, 0.95)
        found.append(Alarms(severity, len(mine), answered, *quantiles))
    return found


def _waits(raised: Sequence[Raised], quantile: float) -> float | None:
    """Quantile of the times until somebody answered. [s]."""
    known = [each.acknowledged_s for each in raised if each.acknowledged_s is not None]
    return float(np.quantile(known, quantile)) if known else None


def _arrivals(conn: Connection, subject: Subject) -> Arrivals:
    start, end = subject.start, subject.end
    total = ledger.total(ledger.hours(conn, start, end, subject.park))
    refused: Counter[str] = Counter()
    for each in quarantine.reasons(conn, start, end, subject.park):
        refused[each.reason] += each.n
    return Arrivals(
        received=total.received,
        stored=total.stored,
        duplicate=total.duplicate,
        quarantined=total.quarantined,
        dropped_by_broker=total.dropped_by_broker,
        values_stored=total.values_stored,
        values_corrected=total.values_corrected,
        values_refused=total.values_refused,
        balanced=total.is_balanced,
        refused=dict(sorted(refused.items())),
    )
