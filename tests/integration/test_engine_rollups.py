"""Roll-ups on a real TimescaleDB, however the readings arrive."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from typing_extensions import override

from analytics import buckets
from parkpulse.engine.rollups import RollupConsumer
from parkpulse.engine.tiers import TIERS
from parkpulse.errors import StoreDataError
from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.store import retention, rollups
from tests.plugins.fix_engine import NOW, call_bad

if TYPE_CHECKING:
    from parkpulse.store.columns import Columns
    from tests.plugins.fix_engine import Lab, Point

SECOND, MINUTE, HOUR, DAY = (
    instants.SECOND,
    instants.MINUTE,
    instants.HOUR,
    instants.DAY,
)
T0 = instants.to_us(NOW - timedelta(days=3))


def _name(text: str) -> Name:
    return Name(zh=text, en=text)


def _device(code: str, metric: str, interval_s: int) -> DeviceSpec:
    return DeviceSpec(
        code=code,
        kind="sensor",
        name=_name(code),
        series=[SeriesSpec(metric=metric)],
        report_interval_s=interval_s,
    )


SPEC = ParkSpec(
    code="yard",
    name=_name("yard"),
    accept_from=NOW - timedelta(days=999),
    clock="data",
    devices=[
        _device("fast", "active_power", 10),
        _device("minute", "water_level", 60),
        _device("rain", "rainfall_interval", 900),
        _device("slow", "soil_moisture", 3600),
        _device("rare", "soil_moisture", 86400),
    ],
)


def _table(lab: Lab, tier: str) -> Columns:
    with lab.database.transaction() as conn:
        rows = conn.execute("select id from series order by id").fetchall()
        series = np.array([row[0] for row in rows], np.int64)
        start = np.zeros_like(series)
        return rollups.rows(conn, tier, series, start, start + T0 + 99 * DAY)


def _same(one: Columns, other: Columns) -> bool:
    return all(one[name].tobytes() == other[name].tobytes() for name in one)


def _history(series: dict[tuple[str, str], int]) -> list[Point]:
    rng = random.Random(5)  # noqa: S311 - test data
    spans = {
        ("fast", "active_power"): (10 * SECOND, 900),
        ("minute", "water_level"): (MINUTE, 600),
        ("rain", "rainfall_interval"): (15 * MINUTE, 150),
        ("slow", "soil_moisture"): (HOUR, 60),
        ("rare", "soil_moisture"): (DAY, 3),
    }
    return [
        (series[key], T0 + i * step, rng.uniform(0.0, 50.0))
        for key, (step, count) in spans.items()
        for i in range(count)
        if rng.random() > 0.05
    ]


def test_tiers_are_kept_by_report_interval(lab: Lab) -> None:
    series = lab.register(SPEC)
    lab.put(_history(series))
    lab.step(RollupConsumer())
    kept = {tier.name: set(_table(lab, tier.name)["series"]) for tier in TIERS}
    by_code = {device: each for (device, _), each in series.items()}
    assert kept["1m"] == {by_code["fast"]}
    assert kept["1h"] == {by_code["fast"], by_code["minute"], by_code["rain"]}
    assert kept["1d"] == kept["1h"] | {by_code["slow"]}


def test_rows_against_plain_arithmetic(lab: Lab) -> None:
    series = lab.register(SPEC)
    level = series["minute", "water_level"]
    hour = T0 - T0 % HOUR
    lab.put(
        [
            (level, hour, 1.5),
            (level, hour + 59 * MINUTE, 0.25),
            (level, hour + 30 * MINUTE, 4.0),
            (level, hour + HOUR, 9.0),
        ]
    )
    lab.step(RollupConsumer())
    table = _table(lab, "1h")
    rows = list(zip(*(column.tolist() for column in table.values()), strict=True))
    assert [row[:8] for row in rows] == [
        (level, hour, 3, 5.75, 0.25, 4.0, 1.5, 0.25),
        (level, hour + HOUR, 1, 9.0, 9.0, 9.0, 9.0, 9.0),
    ]
    assert np.isnan(table["integral"]).all()


def test_an_interval_on_the_edge_belongs_to_the_hour_before(lab: Lab) -> None:
    series = lab.register(SPEC)
    rain = series["rain", "rainfall_interval"]
    hour = T0 - T0 % HOUR
    lab.put([(rain, hour + i * 15 * MINUTE, float(i)) for i in range(5)])
    lab.step(RollupConsumer())
    table = _table(lab, "1h")
    assert table["start"].tolist() == [hour - HOUR, hour]
    assert table["sum"].tolist() == [0.0, 1.0 + 2.0 + 3.0 + 4.0]


def test_power_has_its_integral_across_edges(lab: Lab) -> None:
    series = lab.register(SPEC)
    fast = series["fast", "active_power"]
    minute = T0 - T0 % MINUTE
    lab.put(
        [
            (fast, minute + 50 * SECOND, 100.0),
            (fast, minute + 70 * SECOND, 40.0),
            # 25 s after the last: the power held until then.
            (fast, minute + 200 * SECOND, 7.0),
        ]
    )
    lab.step(RollupConsumer())
    table = _table(lab, "1m")
    assert table["integral"].tolist() == [
        100.0 * 10,
        100.0 * 10 + 40.0 * 25,
        7.0 * 25,
    ]
    day = _table(lab, "1d")
    assert day["integral"].tolist() == [100.0 * 20 + 40.0 * 25 + 7.0 * 25]
    assert day["count"].tolist() == [3]


def test_any_order_gives_the_same_bits(lab: Lab) -> None:
    series = lab.register(SPEC)
    points = _history(series)
    lab.put(points)
    lab.step(RollupConsumer())
    whole = {tier.name: _table(lab, tier.name) for tier in TIERS}
    with lab.database.transaction() as conn:
        conn.execute("truncate reading, rollup_1m, rollup_1h, rollup_1d")
    rng = random.Random(7)  # noqa: S311 - test data
    shuffled = points + rng.sample(points, 200)
    rng.shuffle(shuffled)
    consumer = RollupConsumer()
    for i in range(0, len(shuffled), 97):
        part = shuffled[i : i + 97]
        # First another value, corrected later.
        lab.put([(each, ts, value + 1.0) for each, ts, value in part[:5]])
        lab.put(part)
        if rng.random() < 0.5:
            lab.step(consumer)
    lab.step(consumer)
    for tier in TIERS:
        assert _same(_table(lab, tier.name), whole[tier.name]), tier.name


LIVE = ParkSpec(
    code="live",
    name=_name("live"),
    accept_from=NOW - timedelta(days=999),
    devices=[
        _device("power", "active_power", 10),
        _device("level", "water_level", 5),
        _device("rain", "rainfall_interval", 15),
        _device("minute", "water_level", 60),
    ],
)


def _live(series: dict[tuple[str, str], int], start: int) -> list[Point]:
    """Two hours of readings as they arrive: some late, some ahead, some corrected."""
    rng = random.Random(11)  # noqa: S311 - test data
    arrivals: list[tuple[int, Point]] = []
    for (device, metric), step in {
        ("power", "active_power"): 10,
        ("level", "water_level"): 5,
        ("rain", "rainfall_interval"): 15,
        ("minute", "water_level"): 60,
    }.items():
        for ts in range(start, start + 2 * HOUR, step * SECOND):
            point = (series[device, metric], ts, rng.uniform(0.0, 50.0))
            delay = rng.choice([0] * 40 + [-90, 1, 1, 3, 20, 45, 200]) * SECOND
            arrivals.append((ts + delay, point))
            if rng.random() < 0.01:
                again = (point[0], point[1], point[2] + 1.0)
                arrivals.append((ts + delay + 30 * SECOND, again))
    return [point for _, point in sorted(arrivals)]


@pytest.mark.parametrize("restarts", [0.0, 0.02])
def test_what_is_followed_live_has_the_same_bits(lab: Lab, restarts: float) -> None:
    series = lab.register(LIVE)
    rng = random.Random(3)  # noqa: S311 - test data
    start = instants.to_us(NOW) - 2 * HOUR
    points = _live(series, start)
    loop = lab.loop(RollupConsumer())
    newest = start
    for i in range(0, len(points), 30):
        part = points[i : i + 30]
        newest = max(newest, *(ts for _, ts, _ in part))
        lab.now = instants.from_us(newest)
        lab.put(part)
        if rng.random() < restarts:
            loop = lab.loop(RollupConsumer())
        if rng.random() < 0.8:
            loop.step()
    early = set(_table(lab, "1h")["start"].tolist())
    assert start in early
    assert newest - newest % HOUR not in early
    lab.now = NOW + timedelta(days=2)
    loop.step()
    live = {tier.name: _table(lab, tier.name) for tier in TIERS}
    with lab.database.transaction() as conn:
        conn.execute("truncate consumer_position, rollup_1m, rollup_1h, rollup_1d")
    lab.step(RollupConsumer())
    for tier in TIERS:
        assert len(live[tier.name]["start"])
        assert _same(_table(lab, tier.name), live[tier.name]), tier.name


def test_an_open_bucket_waits_for_its_end(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = lab.register(LIVE)
    level = series["level", "water_level"]
    minute = instants.to_us(NOW)
    lab.put([(level, minute + 10 * SECOND, 1.0)])
    loop = lab.loop(RollupConsumer())
    lab.now = NOW + timedelta(seconds=20)
    loop.step()
    lab.put([(level, minute + 20 * SECOND, 2.0)])
    lab.now = NOW + timedelta(seconds=61)
    loop.step()
    assert not len(_table(lab, "1m")["start"])
    # Its first reading came before the loop began, its second is in memory; the next
    # bucket is all in memory.
    lab.put([(level, minute + 65 * SECOND, 3.0)])
    lab.now = NOW + timedelta(seconds=63)
    loop.step()
    assert _table(lab, "1m")["sum"].tolist() == [3.0]
    monkeypatch.setattr(rollups, "readings", None)
    lab.now = NOW + timedelta(seconds=122)
    loop.step()
    assert _table(lab, "1m")["sum"].tolist() == [3.0, 3.0]


def test_a_late_reading_changes_exactly_its_buckets(lab: Lab) -> None:
    series = lab.register(SPEC)
    lab.put(_history(series))
    consumer = RollupConsumer()
    lab.step(consumer)
    with lab.database.transaction() as conn:
        conn.execute("update rollup_1m set first = -7")
        conn.execute("update rollup_1h set first = -7")
        conn.execute("update rollup_1d set first = -7")
    level = series["minute", "water_level"]
    late = T0 + 2 * HOUR + 17 * SECOND
    lab.put([(level, late, 3.0)])
    lab.step(consumer)
    assert _fresh(lab, "1m") == set()
    assert _fresh(lab, "1h") == {(level, late - late % HOUR)}
    # That hour is not the day's first, and it is from the hours that a day is computed.
    assert _fresh(lab, "1d") == set()
    day = _table(lab, "1d")
    counted = day["count"][
        (day["series"] == level) & (day["start"] == late - late % DAY)
    ]
    hours = _table(lab, "1h")
    of_day = hours["start"] - hours["start"] % DAY == late - late % DAY
    assert counted == hours["count"][of_day & (hours["series"] == level)].sum()


def _fresh(lab: Lab, tier: str) -> set[tuple[int, int]]:
    rows = _table(lab, tier)
    fresh = rows["first"] != -7
    return set(
        zip(rows["series"][fresh].tolist(), rows["start"][fresh].tolist(), strict=True)
    )


def test_a_bucket_whose_readings_may_be_gone_is_left_alone(lab: Lab) -> None:
    series = lab.register(SPEC)
    level = series["minute", "water_level"]
    horizon = T0 - T0 % HOUR
    lab.put([(level, horizon - HOUR, 1.0), (level, horizon - SECOND, 1.0)])
    lab.put([(level, horizon + 2 * HOUR, 2.0), (level, horizon - 60 * DAY, 3.0)])
    with lab.database.transaction() as conn:
        moment = instants.from_us(horizon - MINUTE)
        retention.drop_readings(conn, moment, moment - timedelta(days=30))
    lab.step(RollupConsumer())
    assert _table(lab, "1h")["start"].tolist() == [horizon + 2 * HOUR]


def test_an_hour_whose_minutes_are_gone_is_computed_from_all_its_readings(
    lab: Lab,
) -> None:
    devices = [_device(code, "active_power", 10) for code in ("early", "late")]
    spec = msgspec.structs.replace(SPEC, devices=devices)
    series = lab.register(spec)
    early, late = (series[code, "active_power"] for code in ("early", "late"))
    values = [(T0 + i * 10 * SECOND, 10.0 + i / 7) for i in range(1000)]
    one_more = (T0 + 1234 * SECOND, 77.7)
    for each in (early, late):
        lab.put([(each, ts, value) for ts, value in values])
    lab.put([(early, *one_more)])
    lab.step(RollupConsumer())
    with lab.database.transaction() as conn:
        retention.drop_minutes(conn, NOW + timedelta(days=99))
    lab.put([(late, *one_more)])
    lab.step(RollupConsumer())
    assert len(_table(lab, "1m")["series"]) == 0
    for tier in ("1h", "1d"):
        rows = _table(lab, tier)
        (one, other) = (
            [column[rows["series"] == each].tobytes() for column in _values(rows)]
            for each in (early, late)
        )
        assert one == other
        assert rows["count"].sum() == 2002


def _values(rows: Columns) -> list[Any]:
    return [column for name, column in rows.items() if name != "series"]


def test_a_day_whose_hours_may_be_gone_is_left_alone(lab: Lab) -> None:
    series = lab.register(SPEC)
    level = series["minute", "water_level"]
    lab.put([(level, T0 + i * MINUTE, 1.0) for i in range(60)])
    lab.step(RollupConsumer())
    before = _table(lab, "1d")
    with lab.database.transaction() as conn:
        retention.drop_years(conn, NOW + timedelta(days=99))
    lab.put([(level, T0 + 30 * SECOND, 5.0)])
    lab.step(RollupConsumer())
    assert before["count"].tolist() == [60]
    assert _same(_table(lab, "1d"), before)


def test_a_new_series_is_rolled_up_without_a_restart(lab: Lab) -> None:
    lab.register(SPEC)
    consumer = RollupConsumer()
    loop = lab.loop(consumer)
    loop.step()
    other = ParkSpec(
        code="other",
        name=_name("other"),
        accept_from=NOW - timedelta(days=999),
        devices=[_device("well", "water_level", 60)],
    )
    series = lab.register(other)["well", "water_level"]
    lab.put([(series, T0, 1.0)], "other")
    lab.now = lab.later(seconds=5)
    loop.step()
    assert _table(lab, "1h")["series"].tolist() == [series]


class _Dies(RollupConsumer):
    """Fails after writing, as a process that is killed before its commit."""

    @override
    def tick(self, conn: object, now: object) -> None:
        del conn, now
        message = "killed"
        raise StoreDataError(message)


def test_results_and_position_are_one_transaction(lab: Lab) -> None:
    series = lab.register(SPEC)
    lab.put(_history(series))
    with pytest.raises(StoreDataError):
        lab.step(_Dies())
    assert not len(_table(lab, "1h")["series"])
    lab.step(RollupConsumer())
    rows = _table(lab, "1h")
    assert int(rows["count"].sum()) > 0
    assert isinstance(buckets.Rows(**rows), buckets.Rows)


def test_what_its_sender_calls_bad_counts_nowhere(lab: Lab) -> None:
    series = lab.register(SPEC)
    level = series["minute", "water_level"]
    consumer = RollupConsumer()
    lab.put([(level, T0 + i * MINUTE, float(i)) for i in range(3)])
    lab.put([(level, T0 + HOUR, 5.0)])
    lab.step(consumer)
    slot = lab.parks[SPEC.code] % 64
    call_bad(lab.database, slot, level, [T0 + MINUTE, T0 + HOUR])
    lab.step(consumer)
    after = _table(lab, "1h")
    assert (after["count"].tolist(), after["sum"].tolist()) == ([2], [2.0])
    lab.step(RollupConsumer())
    assert _same(after, _table(lab, "1h"))
