"""Ranges and summaries on a real TimescaleDB, with real measurements."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parkpulse.engine.rollups import RollupConsumer
from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.query import courses, ranges, summaries
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.query.ranges import Range
    from parkpulse.query.summaries import Summary
    from tests.plugins.fix_engine import Lab, Point

DATA = Path(__file__).parents[1] / "data"
MINUTE, HOUR, DAY = instants.MINUTE, instants.HOUR, instants.DAY
T0 = instants.to_us(NOW - timedelta(days=20))


def _series(lab: Lab, metric: str, interval_s: int = 900) -> int:
    return _all_series(lab, [metric], interval_s)[0]


def _all_series(lab: Lab, metrics: Sequence[str], interval_s: int) -> list[int]:
    name = Name(zh="x", en="x")
    device = DeviceSpec(
        code="x",
        kind="x",
        name=name,
        series=[SeriesSpec(metric=metric) for metric in metrics],
        report_interval_s=interval_s,
    )
    spec = ParkSpec(
        code="yard",
        name=name,
        accept_from=datetime(2000, 1, 1, tzinfo=UTC),
        clock="data",
        devices=[device],
    )
    found = lab.register(spec)
    return [found["x", metric] for metric in metrics]


def _file(series: int, name: str, shift: int) -> list[Point]:
    with gzip.open(DATA / name, "rt") as file:
        return [
            (
                series,
                instants.to_us(
                    datetime.fromisoformat(row["dateTime"]).replace(tzinfo=UTC)
                )
                + shift,
                float(row["value"]),
            )
            for row in csv.DictReader(file)
        ]


def _read(lab: Lab, series: int, first: int, last: int, **more: object) -> Range:
    with lab.database.transaction() as conn:
        asked = courses.ask(
            conn, series, instants.from_us(first), instants.from_us(last)
        )
        chart = ranges.chart(asked, **more)  # type: ignore[arg-type]
        return ranges.read(conn, chart)


def _summary(lab: Lab, series: int, first: int, last: int) -> Summary:
    with lab.database.transaction() as conn:
        return summaries.summary(
            conn, series, instants.from_us(first), instants.from_us(last)
        )


def _whole(points: list[Point]) -> tuple[int, int]:
    return points[0][1] - DAY, points[-1][1] + DAY


def test_a_real_river(lab: Lab) -> None:
    series = _series(lab, "water_level")
    points = _file(series, "ea_hebden_bridge_level.csv.gz", 0)
    lab.put(points)
    lab.step(RollupConsumer())
    found = _summary(lab, series, *_whole(points))
    assert (found.n, found.min, found.max) == (2749, -0.094, 0.289)
    assert found.max_at == datetime(2025, 9, 12, 9, 15, tzinfo=UTC)
    assert found.missing == 3
    assert found.sum is None
    assert [each.max_sum for each in found.windows] == [None, None]
    assert sum(day.n for day in found.days) == 2749
    # The peak survives any downsampling, from readings and from each tier.
    for tier in ("auto", "raw", "1h", "1d"):
        got = _read(lab, series, *_whole(points), points=60, tier=tier)
        assert len(got.ts) <= 100
        assert max(got.max or got.value) == 0.289
        assert min(got.min or got.value) == -0.094


def test_real_rain(lab: Lab) -> None:
    series = _series(lab, "rainfall_interval")
    # Stamped with the start, stored with the end.
    points = _file(series, "ea_gorpley_rainfall.csv.gz", 15 * MINUTE)
    lab.put(points)
    lab.step(RollupConsumer())
    found = _summary(lab, series, *_whole(points))
    assert (found.n, found.missing) == (2748, 4)
    assert found.sum == pytest.approx(91.4, abs=1e-12)
    quarter, hour = found.windows
    assert quarter.max_sum == 3.0
    assert quarter.end == datetime(2025, 9, 8, 16, 0, tzinfo=UTC)
    assert hour.max_sum == pytest.approx(6.8, abs=1e-12)
    assert hour.end is not None
    wettest = max(found.days, key=lambda day: day.sum or 0.0)
    assert wettest.day == "2025-09-04"
    assert wettest.sum == pytest.approx(13.8)
    for tier in ("auto", "raw", "1h", "1d"):
        got = _read(lab, series, *_whole(points), points=60, tier=tier)
        assert sum(got.value) == pytest.approx(91.4)


def _counter(lab: Lab) -> tuple[int, list[Point]]:
    series = _series(lab, "rainfall_total")
    total = [10.0, 10.5, 11.0, 0.25, 0.5, 3.5]
    times = [0, 15, 30, 45, 60, 300]
    return series, [
        (series, T0 + minute * MINUTE, value)
        for minute, value in zip(times, total, strict=True)
    ]


def test_a_register_sums_what_it_counted(lab: Lab) -> None:
    series, points = _counter(lab)
    lab.put(points)
    found = _summary(lab, series, T0, T0 + DAY)
    assert found.sum == pytest.approx(0.5 + 0.5 + 0.25 + 0.25 + 3.0)
    assert (found.first, found.last, found.missing) == (10.0, 3.5, 15)
    # Readings around the stretch tell what was counted within it.
    part = _summary(lab, series, T0 + 5 * MINUTE, T0 + 20 * MINUTE)
    assert part.n == 1
    assert part.sum == pytest.approx(0.5)


def test_the_tier_follows_the_wanted_points(lab: Lab) -> None:
    series = _series(lab, "water_level", 60)
    lab.put([(series, T0 + i * MINUTE, float(i % 7)) for i in range(3 * 24 * 60)])
    lab.step(RollupConsumer())
    for days, points, tier in (
        (3, 50, "1h"),
        (3, 80, "raw"),
        (3, 3, "1d"),
        (2, 48, "1h"),
    ):
        got = _read(lab, series, T0, T0 + days * DAY, points=points)
        assert got.tier == tier
        assert len(got.ts) <= 2 * max(points, 4)
    got = _read(lab, series, T0, T0 + 10 * DAY, points=4)
    assert got.tier == "1d"


def test_roll_ups_that_lag_are_completed_from_readings(lab: Lab) -> None:
    series = _series(lab, "water_level", 60)
    lab.put([(series, T0 + i * MINUTE, 1.0) for i in range(200)])
    lab.step(RollupConsumer())
    lab.put([(series, T0 + i * MINUTE, 9.0) for i in range(200, 500)])
    lagging = _read(lab, series, T0, T0 + DAY, points=20, tier="1h")
    lab.step(RollupConsumer())
    current = _read(lab, series, T0, T0 + DAY, points=20, tier="1h")
    assert lagging == current
    assert current.max is not None
    assert current.max[-1] == 9.0


def test_readings_that_have_gone_are_answered_from_a_tier(lab: Lab) -> None:
    series = _series(lab, "water_level", 300)
    lab.put([(series, T0 + i * 5 * MINUTE, float(i)) for i in range(288)])
    lab.step(RollupConsumer())
    gone = T0 + 6 * HOUR
    with lab.database.transaction() as conn:
        conn.execute("delete from reading where ts < %s", [instants.from_us(gone)])
    got = _read(lab, series, T0, T0 + DAY, tier="raw")
    first = [ts * 1000 for ts in got.ts if ts * 1000 < gone]
    assert first == [T0 + i * HOUR for i in range(6)]
    assert len(got.ts) == 6 + 288 - 72
    assert got.gap_s >= 3600.0


def test_gaps_are_kept(lab: Lab) -> None:
    series = _series(lab, "water_level", 60)
    minutes = [*range(5000), *range(9000, 14000)]
    rng = np.random.default_rng(1)
    values = rng.normal(size=len(minutes))
    lab.put(
        [
            (series, T0 + minute * MINUTE, value)
            for minute, value in zip(minutes, values.tolist(), strict=True)
        ]
    )
    got = _read(lab, series, T0, T0 + 14000 * MINUTE, points=200, tier="raw")
    assert got.downsampled
    assert got.from_points == 10_000
    # Ten of fourteen parts of time hold readings.
    assert 140 <= len(got.ts) <= 210
    assert max(got.value) == values.max()
    assert min(got.value) == values.min()
    steps = np.diff(got.ts) / 1000
    (wide,) = np.flatnonzero(steps > got.gap_s)
    assert got.ts[wide] * 1000 == T0 + 4999 * MINUTE
    assert got.ts[wide + 1] * 1000 == T0 + 9000 * MINUTE


def test_nothing_there_is_an_empty_answer(lab: Lab) -> None:
    for metric in ("water_level", "rainfall_interval", "rainfall_total", "hatch_open"):
        series = _series(lab, metric)
        for tier in ("auto", "raw", "1m", "1h", "1d"):
            assert _read(lab, series, T0, T0 + DAY, tier=tier).ts == []
        found = _summary(lab, series, T0, T0 + DAY)
        assert (found.n, found.max, found.missing, found.days) == (0, None, 0, [])


def test_questions_that_make_no_sense(lab: Lab) -> None:
    series = _series(lab, "water_level")
    with pytest.raises(NotFoundError):
        _read(lab, series + 1, T0, T0 + DAY)
    for end, tier, code in (
        (T0, "auto", "range_empty"),
        (T0 + DAY, "5m", "unknown_tier"),
    ):
        with pytest.raises(InvalidRequestError) as caught:
            _read(lab, series, T0, end, tier=tier)
        assert caught.value.code == code


def test_too_many_readings_are_refused(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courses, "MAX_READINGS", 10)
    series = _series(lab, "water_level")
    lab.put([(series, T0 + i * MINUTE, 0.0) for i in range(11)])
    with pytest.raises(InvalidRequestError) as caught:
        _summary(lab, series, T0, T0 + DAY)
    assert caught.value.code == "range_too_long"
    assert _summary(lab, series, T0, T0 + 10 * MINUTE).n == 10


def test_charts_that_are_read_together_are_those_that_are_read_alone(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = ("water_level", "rainfall_interval", "rainfall_total", "battery_level")
    level, rain, silent, busy = _all_series(lab, metrics, 60)
    lab.put([(level, T0 + i * MINUTE, 1.0 + i) for i in range(200)])
    lab.put([(rain, T0 + i * MINUTE, 0.5) for i in range(100)])
    lab.step(RollupConsumer())
    lab.put([(level, T0 + i * MINUTE, 9.0) for i in range(200, 300)])
    lab.put([(busy, T0 + i * MINUTE, 9.0) for i in range(301)])
    monkeypatch.setattr(courses, "MAX_READINGS", 300)
    with lab.database.transaction() as conn:
        charts = [
            ranges.chart(
                courses.ask(conn, series, instants.from_us(T0 + late), NOW),
                points,
                "1h",
            )
            for series, late, points in (
                (rain, 0, 4),
                (level, 90 * MINUTE, 600),
                (busy, 0, 20),
                (silent, 0, 20),
                (level, 0, 20),
            )
        ]
        together = ranges.read_together(conn, "1h", charts)
        alone = [ranges.read(conn, chart) for at, chart in enumerate(charts) if at != 2]
        assert isinstance(together[2], InvalidRequestError)
        with pytest.raises(InvalidRequestError):
            ranges.read(conn, charts[2])
    assert [*together[:2], *together[3:]] == alone
    # The first rain fell in the hour before.
    assert [each.statistics.readings for each in alone] == [99, 240, 0, 300]


def test_rows_stream_in_order(lab: Lab) -> None:
    series = _series(lab, "water_level")
    lab.put([(series, T0 + i * MINUTE, float(i)) for i in range(20)])
    with lab.database.transaction() as conn:
        start, end = instants.from_us(T0 + MINUTE), instants.from_us(T0 + 5 * MINUTE)
        got = list(courses.rows(conn, series, start, end))
    assert [(value, quality) for _, value, quality in got] == [
        (1.0, 2),
        (2.0, 2),
        (3.0, 2),
        (4.0, 2),
    ]
    assert got[0][0] == start
