"""PUE of each month at the mean weather of all years known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import weather
from analytics.weather import Days
from parkpulse.model import instants
from parkpulse.model.outlook import NormalisedMonth, WeatherModel, WeatherNormalised
from parkpulse.model.periods import Calendar
from parkpulse.store import kpi_history
from parkpulse.store import weather as store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from analytics.arrays import BoolArray
    from parkpulse.model.outlook import Driver
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection

_HISTORY = timedelta(days=5 * 366)
_KNOWN = 0.9
"""A day counts when the meters cover so much of it. [-]"""
_HUMIDITY = (5.0, 99.0)
"""Range of the wet-bulb formula. [%RH]"""
_LEAST_HOURS = 18
"""A day has a temperature when so many hours have one. [h]"""


@dataclass(frozen=True, slots=True)
class _Known:
    """Days on which energies and temperature are known."""

    start: Int64Array
    end: Int64Array
    days: Days

    def take(self, which: BoolArray) -> _Known:
        days = self.days
        return _Known(
            self.start[which],
            self.end[which],
            Days(days.facility[which], days.it[which], days.temperature[which]),
        )


def normalised(
    conn: Connection, data_centre_id: int, zone: str, now: datetime
) -> WeatherNormalised:
    """Compare the months of the last years at equal weather.

    Parameters
    ----------
    conn
        Open connection.
    data_centre_id
        The data centre.
    zone
        Time zone of its park.
    now
        The park's clock.
    """
    category = max(kpi_history.categories(conn, data_centre_id, "pue"), default=None)
    found = store.thermometer(conn, data_centre_id)
    device = found.device if found else None
    if category is None:
        return WeatherNormalised(None, device, None, [], "no_pue")
    if found is None:
        return WeatherNormalised(category, None, None, [], "no_outdoor_temperature")
    rows = kpi_history.energies(
        conn, data_centre_id, ("pue", category, "day"), now - _HISTORY, now
    )
    hours = store.hourly(conn, found, now - _HISTORY, now)
    drivers: list[tuple[Driver, Columns]] = [("dry_bulb", hours)]
    humid = store.hygrometer(conn, data_centre_id)
    if humid is not None:
        heard = store.hourly(conn, humid, now - _HISTORY, now)
        drivers.append(("wet_bulb", _wet_bulb(hours, heard)))
    best = _best(rows, drivers)
    if best is None:
        return WeatherNormalised(category, device, None, [], "too_few_days")
    calendar = Calendar(zone)
    return WeatherNormalised(
        category,
        device,
        WeatherModel(*best.model, driver=best.driver),
        _months(best.known, best.model, calendar, instants.to_us(now)),
        None,
    )


class _Fit(NamedTuple):
    driver: Driver
    known: _Known
    model: weather.Model


def _best(rows: Columns, drivers: Sequence[tuple[Driver, Columns]]) -> _Fit | None:
    """Take the temperature that explains more, on days that both know."""
    days = [_known(rows, hours) for _, hours in drivers]
    common = days[0].start
    for each in days:
        common = np.intersect1d(common, each.start)
    fits = []
    for (driver, _), each in zip(drivers, days, strict=True):
        known = each.take(np.isin(each.start, common))
        model = weather.fit(known.days)
        if model is not None:
            fits.append(_Fit(driver, known, model))
    if not fits and len(days) > 1:
        # Too few days have a humidity.
        return _best(rows, drivers[:1])
    return max(fits, key=lambda fit: fit.model.r_squared, default=None)


def _wet_bulb(hours: Columns, humidity: Columns) -> Columns:
    """Wet-bulb temperature of the hours that have both."""
    _, one, other = np.intersect1d(
        hours["hour"], humidity["hour"], assume_unique=True, return_indices=True
    )
    share = np.clip(humidity["mean"][other], *_HUMIDITY)
    wet = weather.wet_bulb(hours["mean"][one], share)
    return {"hour": hours["hour"][one], "mean": wet}


def _known(rows: Columns, hours: Columns) -> _Known:
    first = np.searchsorted(hours["hour"], rows["start"])
    last = np.searchsorted(hours["hour"], rows["end"])
    total = np.concatenate([[0.0], np.cumsum(hours["mean"])])
    count = last - first
    temperature = np.full(len(count), np.nan)
    np.divide(total[last] - total[first], count, out=temperature, where=count > 0)
    length = (rows["end"] - rows["start"]) / instants.SECOND
    good = (count >= _LEAST_HOURS) & (rows["known_s"] >= _KNOWN * length)
    good &= (rows["denominator"] > 0.0) & (rows["numerator"] >= rows["denominator"])
    days = Days(rows["numerator"], rows["denominator"], temperature)
    return _Known(rows["start"], rows["end"], days).take(good)


def _months(
    known: _Known, model: weather.Model, calendar: Calendar, now: int
) -> list[NormalisedMonth]:
    dates = [calendar.day_of(start) for start in known.start.tolist()]
    day = np.array([each.timetuple().tm_yday - 1 for each in dates], np.int64)
    month = np.array([each.year * 12 + each.month for each in dates], np.int64)
    reference = weather.climate(day, known.days.temperature, day)
    return [
        _month(
            known.take(month == each), model, reference[month == each], calendar, now
        )
        for each in np.unique(month)
    ]


def _month(
    known: _Known,
    model: weather.Model,
    reference: FloatArray,
    calendar: Calendar,
    now: int,
) -> NormalisedMonth:
    span = calendar.span("month", int(known.start[0]))
    found = weather.normalise(model, known.days, reference)
    passed = (min(span.end, now) - span.start) / instants.DAY
    return NormalisedMonth(
        start=instants.from_us(span.start),
        end=instants.from_us(span.end),
        days=len(known.days),
        coverage=min(len(known.days) / max(passed, 1.0), 1.0),
        pue=found.pue,
        normalised=found.normalised,
        facility_kwh=found.facility,
        it_kwh=found.it,
        weather_kwh=found.weather,
        temperature_degc=float(known.days.temperature.mean()),
        reference_degc=float(reference.mean()),
    )
