"""Sensors against one another in the engine, and the shipped rules of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from parkpulse.model import instants, rule
from parkpulse.model.registry import (
    DeviceSpec,
    Name,
    ParkSpec,
    PlaceKind,
    PlaceSpec,
    SeriesSpec,
)
from parkpulse.store import quality as store
from parkpulse.store import rules
from tests.plugins.finding import held, quality
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from tests.plugins.fix_engine import Lab, Point

DEVICES = {
    **dict.fromkeys(("rain-1", "rain-2", "rain-3"), ("rainfall_interval", "field")),
    "rising": ("water_level", "field"),
    "still": ("water_level", "field"),
    "puddle": ("waterlogging_depth", "hall"),
    "feeder": ("active_power", "hall"),
}
PLACES: dict[str, PlaceKind] = {"field": "field", "hall": "machine_hall"}
START = NOW - timedelta(hours=26)
STEP = 5 * instants.MINUTE


def _name(text: str) -> Name:
    return Name(text, text)


def _park() -> ParkSpec:
    return ParkSpec(
        code="quay",
        name=_name("quay"),
        accept_from=NOW - timedelta(days=99),
        clock="data",
        places=[PlaceSpec(code=k, kind=v, name=_name(k)) for k, v in PLACES.items()],
        devices=[
            DeviceSpec(
                code=code,
                kind="sensor",
                name=_name(code),
                report_interval_s=300,
                place=place,
                series=[SeriesSpec(metric=metric)],
            )
            for code, (metric, place) in DEVICES.items()
        ],
    )


def _values(code: str, hour: float, step: int) -> float:
    """Rain falls in the last 8 hours; the third gauge is clogged."""
    wet = hour >= 16
    ripple = 0.0004 * (step % 3)
    return {
        "rain-1": 1.0 * wet,
        "rain-2": 1.1 * wet,
        "rain-3": 0.0,
        "rising": 2.0 + 0.05 * max(hour - 20, 0) + ripple,
        "still": 2.0 + ripple,
        "puddle": 0.08 if hour >= 25 else 0.0,
        "feeder": 40_000.0 + 10 * (step % 5),
    }[code]


def _points(
    series: dict[tuple[str, str], int], codes: list[str], hours: range
) -> list[Point]:
    start = instants.to_us(START)
    return [
        (
            series[code, DEVICES[code][0]],
            start + hour * instants.HOUR + step * STEP,
            _values(code, hour + step / 12, hour * 12 + step),
        )
        for hour in hours
        for code in codes
        for step in range(12)
    ]


def _feed(lab: Lab, codes: list[str], first: int = 1) -> dict[tuple[str, str], int]:
    """Send the first hours at once, then hour by hour."""
    series = lab.register(_park())
    with lab.database.transaction() as conn:
        rules.install(conn, rule.shipped(), rule.set_version())
    consumer = quality(lab)
    for end in range(first, 27):
        hours = range(end - 1 if end > first else 0, end)
        lab.put(_points(series, codes, hours))
        lab.set_clock("quay", START + timedelta(hours=end - 1, minutes=57))
        lab.step(consumer)
    return series


def _tests(lab: Lab) -> set[tuple[str, str]]:
    with lab.database.transaction() as conn:
        rows = conn.execute(
            "select distinct d.code, q.test from quality_flag q"
            " join series s on s.id = q.series join device d on d.id = s.device_id"
            " where q.test like 'link%'"
        )
        return {(code, test) for code, test in rows}


def test_a_storm_in_which_some_sensors_do_not_fit(lab: Lab) -> None:
    _feed(lab, [*DEVICES])
    assert _tests(lab) == {
        ("rain-3", "link_neighbour"),
        ("puddle", "link_flood_power"),
    }
    subjects = {row[0]: row[3] for row in held(lab)}
    assert subjects["quay/puddle/waterlogging_depth"] is None
    assert subjects["quay/rain-3/rainfall_interval"] is None


def test_levels_against_rain(lab: Lab) -> None:
    _feed(lab, ["rain-1", "rain-2", "still"])
    assert _tests(lab) == {("still", "link_rain_level")}
    (held_now,) = [row for row in held(lab) if row[0] == "quay/still/water_level"]
    assert held_now[4] == ("low",)


def test_a_rise_in_dry_weather(lab: Lab) -> None:
    _feed(lab, ["rain-3", "rising"])
    assert ("rising", "link_rain_level") in _tests(lab)


def test_late_readings_are_compared_for_their_own_hours(lab: Lab) -> None:
    series = _feed(lab, ["rain-3", "rising", "feeder"], first=24)
    # The only gauge is the clogged one, so the rise has no rain.
    assert _tests(lab) == {("rising", "link_rain_level")}
    assert [row[0] for row in held(lab)] == ["quay/rising/water_level"]
    lab.put(_points(series, ["rain-1", "puddle"], range(26)))
    loop = lab.loop(quality(lab))
    loop.step()
    while _waiting(lab):
        lab.now += timedelta(seconds=31)
        loop.step()
    assert _tests(lab) == {
        ("rain-3", "link_neighbour"),
        ("puddle", "link_flood_power"),
    }


def _waiting(lab: Lab) -> bool:
    with lab.database.transaction() as conn:
        return bool(store.links_to_repeat(conn))
