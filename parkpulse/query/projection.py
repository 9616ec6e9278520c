"""What an annual figure will be at the end of its year."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import certificates, projection
from analytics.certificates import Attribute
from analytics.kpi import Target
from analytics.projection import Bounds, Months, Rest
from parkpulse.model import instants
from parkpulse.model.outlook import Projection, ToDate, Trial
from parkpulse.model.periods import Calendar
from parkpulse.store import certificates as ledger
from parkpulse.store import kpi_history, meter_hours, meters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from analytics.projection import Outlook
    from parkpulse.model.kpi import KpiName
    from parkpulse.model.outlook import Expectation, Method
    from parkpulse.query.catalogue import DataCentre
    from parkpulse.store.columns import Columns
    from parkpulse.store.meters import TargetRow
    from parkpulse.store.pool import Connection

PROJECTED: tuple[KpiName, ...] = ("pue", "ref")
_BOUNDS = {"pue": Bounds(1.0, float("inf")), "ref": Bounds(0.0, 1.0)}
_HISTORY = timedelta(days=5 * 366)
_DAY_S = 86_400.0
_MONTHS = 12
_SUMS = ("numerator", "denominator", "known_s", "elapsed_s")


class _Year(NamedTuple):
    """The civil year of a moment, and its months."""

    calendar: Calendar
    now_us: int
    today: date

    @property
    def start(self) -> int:
        return self.calendar.midnight(date(self.today.year, 1, 1))

    @property
    def end(self) -> int:
        return self.calendar.midnight(date(self.today.year + 1, 1, 1))

    @property
    def rest(self) -> Rest:
        """What is left of it, the rest of the running month first."""
        months = np.arange(
            _number(self.today), self.today.year * _MONTHS + _MONTHS, dtype=np.int64
        )
        firsts = [_first(month) for month in [*months.tolist(), int(months[-1]) + 1]]
        edges = np.array([self.calendar.midnight(day) for day in firsts])
        edges[0] = self.now_us
        return Rest(months, np.diff(edges) / instants.DAY)


def _number(day: date) -> int:
    return day.year * _MONTHS + day.month - 1


def _first(month: int) -> date:
    return date(month // _MONTHS, month % _MONTHS + 1, 1)


def project(
    conn: Connection,
    centre: DataCentre,
    zone: str,
    now: datetime,
    *,
    kpi: KpiName,
    category: int | None = None,
) -> Projection:
    """Project the year of `now`.

    Parameters
    ----------
    conn
        Open connection.
    centre
        The data centre.
    zone
        Time zone of its park.
    now
        The park's clock.
    kpi
        `pue` or `ref`.
    category
        Of the PUE; None takes the highest that there is.
    """
    calendar = Calendar(zone)
    now_us = instants.to_us(now)
    year = _Year(calendar, now_us, calendar.day_of(now_us))
    of = kpi, _category(conn, centre, kpi, category)
    rows = kpi_history.energies(conn, centre.id, (*of, "month"), now - _HISTORY, now)
    return _answer(centre, of, year, _known(conn, centre, of, year, rows))


def of_the_past(
    conn: Connection,
    centre: DataCentre,
    zone: str,
    moments: Sequence[int],
    *,
    kpi: KpiName,
    category: int | None = None,
) -> Iterator[Projection]:
    """Project at moments of the past, from the figures of these times as known today.

    Parameters
    ----------
    conn, centre, zone, kpi, category
        As in `project`.
    moments
        Begins of civil days, rising. [us]
    """
    calendar = Calendar(zone)
    of = kpi, _category(conn, centre, kpi, category)
    for moment in moments:
        year = _Year(calendar, moment, calendar.day_of(moment))
        rows = _rows_at(conn, centre.id, of, year)
        yield _answer(centre, of, year, _known(conn, centre, of, year, rows))


def _category(
    conn: Connection, centre: DataCentre, kpi: KpiName, wanted: int | None
) -> int:
    known = kpi_history.categories(conn, centre.id, kpi)
    return max(known, default=0) if wanted is None else wanted


def _rows_at(
    conn: Connection, data_centre_id: int, of: tuple[KpiName, int], year: _Year
) -> Columns:
    """Months before a moment; the one that was running has its days so far."""
    now = instants.from_us(year.now_us)
    month = instants.from_us(year.calendar.midnight(year.today.replace(day=1)))
    past = kpi_history.energies(
        conn, data_centre_id, (*of, "month"), now - _HISTORY, month
    )
    days = kpi_history.energies(conn, data_centre_id, (*of, "day"), month, now)
    if not len(days["start"]):
        return past
    running = {name: days[name].sum(keepdims=True) for name in _SUMS}
    running |= {"start": days["start"][:1], "end": days["end"][-1:]}
    return {name: np.append(past[name], running[name]) for name in past}


def _known(
    conn: Connection,
    centre: DataCentre,
    of: tuple[KpiName, int],
    year: _Year,
    rows: Columns,
) -> _Known:
    kpi, _ = of
    extra = _certificates(conn, centre.id, year) if kpi == "ref" else 0.0
    history = _months(rows, year.calendar)
    return _Known(rows, history, _target(conn, kpi, year), extra)


class _Known(NamedTuple):
    """What a projection rests on."""

    rows: Columns
    history: Months
    target: TargetRow | None
    extra: float


def _months(rows: Columns, calendar: Calendar) -> Months:
    month = [_number(calendar.day_of(start)) for start in rows["start"].tolist()]
    return Months(
        np.array(month, np.int64),
        rows["numerator"],
        rows["denominator"],
        rows["known_s"] / _DAY_S,
    )


def _target(conn: Connection, kpi: KpiName, year: _Year) -> TargetRow | None:
    """Find the newest target in force on the last day of the year."""
    last = date(year.today.year, 12, 31)
    rows = [r for r in meters.targets(conn) if r.kpi == kpi and r.is_in_force(last)]
    return next(iter(rows), None)


def _certificates(conn: Connection, data_centre_id: int, year: _Year) -> float:
    """Energy that the ledger adds to the whole year's share. [kWh]."""
    roles = {row.role for row in meter_hours.tree(conn, data_centre_id)}
    first = date(year.today.year, 1, 1).toordinal()
    last = date(year.today.year + 1, 1, 1).toordinal()
    counted = []
    for row in ledger.load(conn, data_centre_id):
        each = Attribute(
            row.kind,
            row.volume_kwh,
            row.generated_from.toordinal(),
            row.valid_to.toordinal(),
            row.retired_on.toordinal() if row.retired_on else certificates.FOREVER,
            row.used_from.toordinal(),
            row.used_to.toordinal(),
        )
        if not certificates.refusal(each, is_metered="green_power" in roles):
            counted.append((each.kind, certificates.share(each, first, last)))
    return certificates.renewable(0.0, float("inf"), counted, 1.0).total


def _answer(
    centre: DataCentre, of: tuple[KpiName, int], year: _Year, known: _Known
) -> Projection:
    kpi, category = of
    row = known.target
    # Without a target nothing is compared; any value does.
    target = Target(row.value, row.comparison) if row else Target(0.0, "ge")
    bounds = _BOUNDS[kpi]
    found = projection.project(known.history, year.rest, bounds, target, known.extra)
    trials = _trials(known.history, bounds)
    wrong = [abs(each.forecast - each.actual) for each in trials]
    return Projection(
        kpi=kpi,
        category=category,
        start=instants.from_us(year.start),
        end=instants.from_us(year.end),
        value=found.value if found else None,
        low=_number_or_none(found.low) if found else None,
        high=_number_or_none(found.high) if found else None,
        numerator_kwh=found.numerator if found else None,
        denominator_kwh=found.denominator if found else None,
        certificates_kwh=known.extra,
        target=row.value if row else None,
        comparison=row.comparison if row else None,
        in_scope=bool(row and row.binds(centre.commissioned, centre.standard_racks)),
        headroom_kwh=found.headroom if found and row else None,
        lost_from=_lost(found) if row else None,
        expectation=_expectation(found, target) if row else None,
        method=_method(found.is_seasonal) if found else None,
        to_date=_to_date(known.rows, year),
        back_test=trials[-_MONTHS:],
        mean_absolute_error=float(np.mean(wrong[-_MONTHS:])) if wrong else None,
    )


def _trials(history: Months, bounds: Bounds) -> list[Trial]:
    return [
        Trial(
            month=_first(each.month),
            forecast=each.forecast,
            actual=each.actual,
            method=_method(each.is_seasonal),
        )
        for each in projection.back_test(history, bounds)
    ]


def _method(is_seasonal: bool) -> Method:  # noqa: FBT001 - two names for two values
    return "seasonal" if is_seasonal else "flat"


def _number_or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def _lost(found: Outlook | None) -> date | None:
    return _first(found.lost_from) if found and found.lost_from else None


def _expectation(found: Outlook | None, target: Target) -> Expectation | None:
    """Judge the whole interval; None without one."""
    if found is None or np.isnan(found.low):
        return None
    ends = {target.is_met(found.low), target.is_met(found.high)}
    if len(ends) > 1:
        return "uncertain"
    return "met" if ends.pop() else "missed"


def _to_date(rows: Columns, year: _Year) -> ToDate:
    own = rows["start"] >= year.start
    numerator = float(rows["numerator"][own].sum())
    denominator = float(rows["denominator"][own].sum())
    elapsed = (year.now_us - year.start) / instants.SECOND
    known = float(rows["known_s"][own].sum())
    return ToDate(
        value=numerator / denominator if denominator > 0.0 else None,
        numerator_kwh=numerator,
        denominator_kwh=denominator,
        coverage=min(known / elapsed, 1.0) if elapsed > 0.0 else 0.0,
    )
