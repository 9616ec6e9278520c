"""Rain, levels and findings over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from api.schemas.hydrology import DeviceFindings, Levels, Rain
from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, ParkSpec, SeriesSpec
from parkpulse.model.rule import Level, RuleSpec, Threshold
from parkpulse.store import rules
from tests.plugins.finding import quality
from tests.plugins.fix_api import named
from tests.plugins.fix_engine import NOW
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_api import Site

STEP = 5 * instants.MINUTE
END = instants.to_us(NOW)
SPAN = {"start": "2026-03-09T00:00:00Z", "end": "2026-03-10T12:00:01Z"}


def _device(code: str, metric: str) -> DeviceSpec:
    return DeviceSpec(
        code=code,
        kind=metric,
        name=named(code),
        report_interval_s=300,
        series=[SeriesSpec(metric=metric)],
    )


PARK = ParkSpec(
    code="storm",
    name=named("Storm"),
    accept_from=NOW - timedelta(days=99),
    clock="data",
    devices=[
        _device("canal", "water_level"),
        _device("dry", "rainfall_interval"),
        _device("rain", "rainfall_total"),
    ],
)


@pytest.fixture
def storm(site: Site) -> dict[tuple[str, str], int]:
    """Four hours of 18 mm/h, and a level that rises by 0.6 m/h."""
    found = site.lab.register(PARK)
    stages = Threshold(
        metric="water_level",
        direction="above",
        levels=[Level("medium", 2.0, named("warning")), Level("high", 2.6)],
    )
    rule = RuleSpec(code="stage", name=named("stage"), definition=stages, source="test")
    with site.lab.database.transaction() as conn:
        rules.apply(conn, [rule], site.lab.parks["storm"])
    level, rain = found["canal", "water_level"], found["rain", "rainfall_total"]
    points = []
    for n in range(49):
        at = END - n * STEP
        points.append((rain, at, 600 + (48 - n) * 1.5))
        points.append((level, at, 2.3 - n * 0.05))
    points[21] = (level, END - 10 * STEP, 3.5)
    site.lab.put(points, "storm")
    wait_until(lambda: bool(_stages(site)))
    return found


def _stages(site: Site) -> list[dict[str, Any]]:
    answer = site.request("GET", "/api/v1/parks/storm/levels")
    if answer.status_code != 200:
        return []
    found: list[dict[str, Any]] = answer.json()["items"][0]["stages"]
    return found


def test_rain_of_each_gauge(site: Site, storm: dict[tuple[str, str], int]) -> None:
    found = site.get("/parks/storm/rain")
    Rain.model_validate(found)
    dry, wet = found["items"]
    assert (wet["device"], wet["series"]) == ("rain", storm["rain", "rainfall_total"])
    sums = {each["window_min"]: each for each in wet["sums"]}
    assert sums[5]["mm"] == pytest.approx(1.5)
    assert sums[180] == {"window_min": 180, "mm": 54.0, "coverage": 1.0}
    assert sums[1440]["mm"] == pytest.approx(72.0)
    assert sums[1440]["coverage"] == pytest.approx(1 / 6)
    assert (wet["colour"], wet["class_12h"]) == ("orange", "heavy_rainstorm")
    assert (wet["class_24h"], wet["stale"], wet["suspect"]) == ("rainstorm", False, 0)
    assert (dry["colour"], dry["ts"], dry["stale"]) == (None, None, True)
    assert {each["mm"] for each in dry["sums"]} == {None}
    before = site.get("/parks/storm/rain", at="2026-03-10T09:00:00Z")["items"][1]
    assert before["colour"] is None
    assert before["sums"][-1]["mm"] == pytest.approx(18.0)


def test_levels_and_the_time_to_stages(
    site: Site, storm: dict[tuple[str, str], int]
) -> None:
    found = site.get("/parks/storm/levels")
    Levels.model_validate(found)
    (canal,) = found["items"]
    assert canal["series"] == storm["canal", "water_level"]
    assert canal["level"] == pytest.approx(2.3)
    assert canal["rate"] == pytest.approx(0.6)
    assert canal["stage"]["name"] == {"zh": "名warning", "en": "warning"}
    high = canal["stages"][1]
    assert (high["reached"], high["hours"]) == (False, pytest.approx(0.5))
    assert high["earliest_h"] <= 0.5 + 1e-9
    assert site.problem("/parks/storm/levels", 422, at="now")
    assert site.problem("/parks/nowhere/rain", 404)


def test_findings_of_a_series(site: Site, storm: dict[tuple[str, str], int]) -> None:
    site.lab.step(quality(site.lab))
    path = f"/series/{storm['canal', 'water_level']}/quality"
    spike = "2026-03-10T11:10:00Z"
    found = site.get(path, **SPAN)
    after = "2026-03-10T11:15:00Z"
    assert found == {
        "items": [
            {"ts": spike, "test": "rate_of_change", "flag": 3},
            {"ts": spike, "test": "spike", "flag": 4},
            {"ts": after, "test": "rate_of_change", "flag": 3},
        ],
        "next": None,
    }
    shown = site.get(path.replace("quality", "range"), **SPAN, tier="raw")
    at = END // 1000 - 50 * 60_000
    assert shown["flags"] == [[at, 4], [at + 300_000, 3]]
    coarse = site.get(path.replace("quality", "range"), **SPAN, tier="1h")
    assert coarse["flags"] is None
    assert site.items(path, start=SPAN["start"], end=spike) == []
    problem = site.problem(path, 422, start=spike, end=spike)
    assert problem["errors"][0]["code"] == "range_empty"
    assert site.problem(path, 422, **SPAN, cursor="nonsense")
    assert site.problem("/series/123456/quality", 404, **SPAN)
    again = [
        (storm["rain", "rainfall_total"], END + n * 9 * STEP, 700.0) for n in (1, 3)
    ]
    site.lab.put(again, "storm")
    site.lab.step(quality(site.lab))
    path = f"/series/{storm['rain', 'rainfall_total']}/quality"
    span = {"start": SPAN["start"], "end": "2026-03-20T00:00:00Z"}
    first = site.get(path, **span, limit=1)
    second = site.get(path, **span, limit=1, cursor=first["next"])
    assert second["next"] is None
    assert [each["items"][0]["test"] for each in (first, second)] == ["time_gap"] * 2


def test_what_is_wrong_with_devices(site: Site) -> None:
    radio = DeviceSpec(
        code="probe",
        kind="water_level",
        name=named("probe"),
        report_interval_s=300,
        series=[SeriesSpec(metric="water_level"), SeriesSpec(metric="battery_voltage")],
    )
    series = site.lab.register(msgspec.structs.replace(PARK, devices=[radio]))
    level, battery = series["probe", "water_level"], series["probe", "battery_voltage"]
    points = [(level, END - n * STEP, 1.5) for n in range(80)]
    site.lab.put([*points, (battery, END, 3.1)], "storm")
    site.lab.step(quality(site.lab))
    wait_until(
        lambda: (
            site.request("GET", "/api/v1/parks/storm/device-findings").status_code
            == 200
            and len(site.items("/parks/storm/device-findings")) == 2
        )
    )
    found = site.get("/parks/storm/device-findings")
    DeviceFindings.model_validate(found)
    assert [(each["code"], each["limit"], each["flag"]) for each in found["items"]] == [
        ("battery_low", 3.2, None),
        ("frozen", None, 3),
    ]
