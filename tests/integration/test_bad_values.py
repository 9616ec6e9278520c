"""What its sender calls bad reaches neither the detector nor the weather."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from parkpulse.model import instants, packed
from parkpulse.model.definitions import AnomalyRule, Level
from parkpulse.model.packed import ChangeArrays
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.store import batchlog, readings, weather
from parkpulse.store.weather import Sensor
from tests.plugins.finding import anomaly, apply
from tests.plugins.fix_engine import NOW, Lab

STEP = 15 * instants.MINUTE
HOUR = NOW.replace(minute=0, second=0, microsecond=0) - timedelta(days=9)
START = instants.to_us(HOUR)
COUNT = 700


def _thermometer(lab: Lab) -> int:
    name = Name(zh="气象站", en="Weather station")
    device = DeviceSpec(
        code="sky",
        kind="weather_station",
        name=name,
        report_interval_s=3600,
        series=[SeriesSpec(metric="air_temperature")],
    )
    park = ParkSpec(
        code="park",
        name=name,
        accept_from=NOW - timedelta(days=99),
        clock="data",
        devices=[device],
    )
    return lab.register(park)["sky", "air_temperature"]


def _put_bad(lab: Lab, series: int, ts: int, value: float) -> None:
    key = np.array([series], np.int32), np.array([ts], np.int64)
    found = np.array([value])
    with lab.database.transaction() as conn:
        readings.insert(conn, *key, found, np.array([packed.FAIL], np.uint8))
        logged = ChangeArrays(*key, found, np.array([packed.DENIED], np.uint8))
        batchlog.append(conn, lab.writer, {lab.parks["park"] % 64: logged})


def _anomalies(lab: Lab) -> list[int]:
    with lab.database.transaction() as conn:
        rows = conn.execute("select ts from anomaly order by ts")
        return [(instants.to_us(ts) - START) // STEP for (ts,) in rows]


def test_the_detector_passes_them_over(lab: Lab) -> None:
    series = _thermometer(lab)
    apply(lab, "odd", AnomalyRule([Level("low", 0.99)]))
    noise = np.random.default_rng(3).normal(20, 0.1, COUNT).tolist()
    lab.put([(series, START + n * STEP, value) for n, value in enumerate(noise)])
    consumer = anomaly(lab)
    lab.step(consumer)
    before = _anomalies(lab)
    _put_bad(lab, series, START + COUNT * STEP, 999.0)
    lab.step(consumer)
    assert _anomalies(lab) == before
    lab.put([(series, START + (COUNT + 1) * STEP, 999.0)])
    lab.step(consumer)
    assert _anomalies(lab) == [*before, COUNT + 1]


def test_hours_of_the_weather_leave_them_out(lab: Lab) -> None:
    series = _thermometer(lab)
    lab.put([(series, START, 10.0), (series, START + STEP, 12.0)])
    _put_bad(lab, series, START + 2 * STEP, 999.0)
    sensor = Sensor(series, "sky", 3600)
    with lab.database.transaction() as conn:
        found = weather.hourly(conn, sensor, HOUR, HOUR + timedelta(hours=1))
    assert found["mean"].tolist() == [11.0]
