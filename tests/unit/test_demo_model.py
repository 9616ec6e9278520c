"""The demonstration park: reproducible, seamless, balanced, with something to see."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parkpulse.model import registry_check
from simulators.demo import park
from simulators.physics import sky
from simulators.scenario import expected
from simulators.site import climate, galleries, water
from simulators.site.centre import GREEN, OPENED_DAY
from simulators.site.model import Model
from simulators.site.rain import GAUGES

if TYPE_CHECKING:
    from simulators.streams import Stream

SEED = 7
DAY = 86400
BEGAN = round(datetime(2026, 11, 22, 9, 17, tzinfo=UTC).timestamp())
MIDNIGHT = BEGAN // DAY * DAY
METERED = ("grid-a", "grid-b", "pv", "ups-a-in", "ups-b-in", "cooling", "lighting")


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(SEED, BEGAN)


def minutes(start: int, count: int) -> np.ndarray:
    return start + 60 * np.arange(count, dtype=np.int64)


def demo_streams() -> list[Stream]:
    return park.streams(park.park("demo", BEGAN))


def test_the_park_is_consistent() -> None:
    spec = park.park("demo", BEGAN)
    registry_check.check(spec)
    assert spec.simulated
    assert spec.grade == "demonstration"
    assert park.began_s(spec.accept_from) == BEGAN
    centre = spec.data_centres[0]
    assert centre.standard_racks >= 3000
    assert {meter.role for meter in centre.meters} >= {
        "grid_import",
        "pv",
        "green_power",
        "ups_output",
        "pdu_output",
        "rack",
        "cooling",
        "lighting",
    }


def test_its_limits_watch_devices_it_has() -> None:
    codes = {device.code for device in park.park("demo", BEGAN).devices}
    limits = expected.judged(park.rules())
    assert len(limits) == len(park.rules())
    for each in limits.values():
        assert set(each.scope.devices or []) <= codes


def test_every_stream_has_values(model: Model) -> None:
    times = minutes(BEGAN, 3)
    for stream in demo_streams():
        for metric in stream.metrics:
            values = model.reading(stream.device, metric, times)
            assert np.isfinite(values).all(), (stream.device, metric)


@pytest.mark.parametrize("stream", demo_streams(), ids=lambda each: each.device)
def test_the_same_seed_gives_the_same_bytes(stream: Stream, model: Model) -> None:
    times = BEGAN - DAY + 97 * np.arange(1200, dtype=np.int64)
    other = Model(SEED, BEGAN)
    for metric in stream.metrics:
        whole = model.reading(stream.device, metric, times)
        parts = [
            other.reading(stream.device, metric, some)
            for some in np.array_split(times[::-1], 7)
        ]
        assert np.concatenate(parts)[::-1].tobytes() == whole.tobytes()


def test_another_seed_gives_another_park(model: Model) -> None:
    times = minutes(MIDNIGHT, 600)
    other = Model(SEED + 1, BEGAN).reading("level-canal", "water_level", times)
    assert (other != model.reading("level-canal", "water_level", times)).any()


def test_the_past_does_not_know_when_live_operation_began(model: Model) -> None:
    times = minutes(MIDNIGHT - DAY, 1440)
    later = Model(SEED, BEGAN + 100 * DAY)
    for stream in demo_streams():
        for metric in stream.metrics:
            before = model.truth(stream.device, metric, times)
            assert before.tolist() == later.truth(stream.device, metric, times).tolist()


# How much a curve may change within a minute.
STEPS = {
    ("level-canal", "water_level"): 0.15,
    ("level-river", "water_level"): 0.03,
    ("level-lake", "water_level"): 0.03,
    ("flow-canal", "flow_rate"): 0.8,
    ("ponding-underpass", "waterlogging_depth"): 0.15,
    ("soil-lawn", "soil_moisture"): 0.6,
    ("soil-slope", "soil_moisture"): 0.6,
    ("tunnel-sewage", "hydrogen_sulfide"): 1.5,
    ("tunnel-power", "air_temperature"): 0.5,
    ("grid-a", "active_power"): 5e4,
    ("pv", "active_power"): 4e4,
}


@pytest.mark.parametrize(("device", "metric"), STEPS)
def test_days_join_without_a_jump(device: str, metric: str, model: Model) -> None:
    # Across seven midnights and the begin of live operation.
    times = minutes(BEGAN - 6 * DAY, 7 * 1440)
    step = np.abs(np.diff(model.truth(device, metric, times)))
    assert step.max() < STEPS[device, metric]


@pytest.mark.parametrize("gauge", GAUGES)
def test_rain_is_counted_up_and_anew_each_year(gauge: str, model: Model) -> None:
    counted = model.reading(gauge, "rainfall_total", minutes(BEGAN - 20 * DAY, 30_000))
    assert (np.diff(counted) >= 0).all()
    assert counted[-1] > counted[0]
    tips = counted / GAUGES[gauge]
    assert np.abs(tips - np.round(tips)).max() < 1e-6
    new_year = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    around = model.reading(gauge, "rainfall_total", minutes(new_year - 120, 4))
    assert around[1] > 300
    assert around[2] < 1


def test_it_rains_every_few_days() -> None:
    days = BEGAN // DAY
    year = climate.natural_storms(SEED, days - 365, days)
    assert 60 < len(year.depth_mm) < 130
    assert 400 < year.depth_mm.sum() < 1400
    assert (year.start_s // DAY == year.end_s // DAY).all()


def test_soon_after_the_begin_the_canal_passes_its_warning_stage(model: Model) -> None:
    level = model.truth("level-canal", "water_level", minutes(BEGAN, 180))
    (warning,) = [
        rule.definition.levels[0].limit
        for rule in park.rules()
        if rule.code == "water-level-canal"
    ]
    above = np.flatnonzero(level > warning + 0.05)
    assert 5 <= above[0] <= 15
    assert 5 <= len(above) <= 90
    assert level[-1] < warning - 0.05
    depth = model.truth("ponding-underpass", "waterlogging_depth", minutes(BEGAN, 180))
    assert depth.max() > 0.15
    assert depth[-1] < 0.05


def test_flow_answers_to_the_rain(model: Model) -> None:
    rain = model.truth("rain-roof", "rainfall_total", minutes(BEGAN, 180))
    flow = model.truth("flow-canal", "flow_rate", minutes(BEGAN, 180))
    volume = (flow - flow[0]).sum() * 60
    expected = (rain[-1] - rain[0]) / 1000 * water.CANAL.area * water.CANAL.runoff
    assert volume == pytest.approx(expected, rel=0.25)
    assert flow.argmax() > np.diff(rain).argmax()


def test_soil_dries_between_storms(model: Model) -> None:
    days = BEGAN // DAY - np.arange(1, 60, dtype=np.int64)
    dry = days[climate.is_wet(SEED, days) == 0]
    for day in dry[:10]:
        moisture = model.truth("soil-lawn", "soil_moisture", minutes(day * DAY, 1440))
        assert (np.diff(moisture) <= 1e-9).all()
        assert moisture[-1] > water.SOILS["soil-lawn"].driest


def test_registers_only_count_up(model: Model) -> None:
    for meter in METERED:
        counted = model.reading(
            meter, "active_energy_import", minutes(BEGAN - 2 * DAY, 5000)
        )
        assert (np.diff(counted) >= 0).all()


def test_what_comes_in_is_used(model: Model) -> None:
    times = minutes(MIDNIGHT, 1440)
    power = {meter: model.truth(meter, "active_power", times) for meter in METERED}
    brought = power["grid-a"] + power["grid-b"] + power["pv"]
    used = sum(power[each] for each in METERED[3:])
    losses = brought - used
    assert (losses > 0).all()
    assert losses == pytest.approx(0.008 * brought)


def test_every_stage_loses_something(model: Model) -> None:
    times = minutes(MIDNIGHT, 300)
    for hall in ("a", "b"):
        path = [f"ups-{hall}-in", f"ups-{hall}", f"pdu-{hall}", f"racks-{hall}"]
        stages = [model.truth(meter, "active_power", times) for meter in path]
        for before, after in itertools.pairwise(stages):
            assert (after < before).all()
            assert (after > 0.95 * before).all()


def test_registers_count_the_power(model: Model) -> None:
    times = minutes(MIDNIGHT, 1441)
    for meter in METERED:
        power = model.truth(meter, "active_power", times)
        counted = model.truth(meter, "active_energy_import", times)
        expected = np.trapezoid(power, times) / 3.6e6
        assert counted[-1] - counted[0] == pytest.approx(expected, rel=1e-3)
        assert model.centre.energy(meter, MIDNIGHT, MIDNIGHT + DAY) == pytest.approx(
            counted[-1] - counted[0]
        )


def test_the_contract_delivers_by_the_hour(model: Model) -> None:
    hours = MIDNIGHT + 3600 * np.arange(1, 25, dtype=np.int64)
    delivered = model.truth(GREEN, "active_energy_interval", hours)
    day = model.centre.energy(GREEN, MIDNIGHT, MIDNIGHT + DAY)
    assert delivered.sum() == pytest.approx(day)
    held = model.truth(GREEN, "active_energy_interval", hours + 3599)
    assert held.tolist() == delivered.tolist()


def test_no_photovoltaics_at_night(model: Model) -> None:
    times = minutes(MIDNIGHT - 30 * DAY, 31 * 1440)
    height = sky.sun_height(times, climate.LATITUDE, climate.LONGITUDE)
    power = model.reading("pv", "active_power", times)
    # Five minutes between the nodes are 1.25 degrees.
    assert (power[height < np.sin(np.radians(-1.3))] == 0).all()
    assert power.max() > 5e5


def test_a_year_has_an_interesting_verdict(model: Model) -> None:
    start, end = MIDNIGHT - 365 * DAY, MIDNIGHT
    assert start // DAY > OPENED_DAY

    def energy(*meters: str) -> float:
        return sum(model.centre.energy(meter, start, end) for meter in meters)

    total = energy("grid-a", "grid-b", "pv")
    by_category = [
        total / energy(f"{point}-a", f"{point}-b") for point in ("ups", "pdu", "racks")
    ]
    assert by_category == sorted(by_category)
    assert by_category[0] < 1.25 < by_category[2] < 1.28
    assert 0.25 < energy("pv", GREEN) / total < 0.32


def test_nights_air_the_tunnel(model: Model) -> None:
    airing = MIDNIGHT + 19 * 3600 + 1800
    for compartment in galleries.GALLERIES:
        works = model.truth(compartment, "fan_running", minutes(airing - 5 * DAY, 1))
        gas = model.truth(compartment, "methane", minutes(airing - 5 * DAY, 1))
        assert gas[0] < 0.1 or not works[0]


def test_a_failed_fan_raises_the_gas() -> None:
    model = Model(SEED, BEGAN)
    times = BEGAN - 31 * DAY + 300 * np.arange(31 * 288, dtype=np.int64)
    sulfide = model.truth("tunnel-sewage", "hydrogen_sulfide", times)
    assert sulfide.max() > 10
    assert np.median(sulfide) < 7


def test_the_weather_goes_back_as_far_as_the_energy() -> None:
    by_device = {each.device: each for each in demo_streams()}
    station = by_device["weather-station"]
    assert station.metrics == ("air_temperature", "relative_humidity")
    assert station.history_days == by_device["cooling"].history_days
    roles = {each.role for each in park.park("demo", BEGAN).data_centres[0].meters}
    assert {"outdoor_temperature", "outdoor_humidity"} <= roles


def test_the_weather_explains_the_cooling(model: Model) -> None:
    hours = MIDNIGHT - 365 * DAY + 3600 * np.arange(365 * 24, dtype=np.int64)
    warmth = model.reading("weather-station", "air_temperature", hours)
    humidity = model.reading("weather-station", "relative_humidity", hours)
    power = model.truth("cooling", "active_power", hours)
    assert warmth.min() < 0.0
    assert warmth.max() > 30.0
    assert 0.0 < humidity.min() < humidity.max() <= 100.0
    by_day = [each.reshape(-1, 24).mean(axis=1) for each in (warmth, power)]
    assert np.corrcoef(*by_day)[0, 1] > 0.85
