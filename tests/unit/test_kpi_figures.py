"""PUE and renewable share against worked numbers and a real year."""

from __future__ import annotations

import csv
import gzip
import json
import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest

from analytics import energy, kpi, segments
from analytics.arrays import HOUR, FloatArray, IntArray
from analytics.energy import Register
from analytics.kpi import Formula, Sums, Target
from parkpulse.model.registry import Role

if TYPE_CHECKING:
    from analytics.segments import Segments

DATA = Path(__file__).parents[1] / "data"
PUE_TARGET = Target(1.25, "lt")
REF_TARGET = Target(0.25, "ge")


def _vectors(prefix: str) -> list[dict[str, Any]]:
    lines = (DATA / "kpi_vectors.jsonl").read_text().splitlines()
    return [v for v in map(json.loads, lines) if v["id"].startswith(prefix)]


def _array(*values: float) -> FloatArray:
    return np.array(values, np.float64)


def _formula(roles: list[str], name: str, category: int = 0) -> Formula:
    found = kpi.formulas(roles)
    return next(f for f in found if (f.kpi, f.category) == (name, category))


def _constant(*kwh: float) -> Segments:
    """Hourly intervals of these energies."""
    ts = np.arange(1, len(kwh) + 1, dtype=np.int64) * HOUR
    return energy.from_intervals(ts, _array(*kwh), HOUR)


def _edges(count: int) -> IntArray:
    return np.arange(count + 1, dtype=np.int64) * HOUR


def _hourly(formula: Formula, meters: list[Segments], count: int) -> Sums:
    own = [segments.sums(each, _edges(count)) for each in meters]
    return kpi.hourly(formula, meters, own, _edges(count))


def _folded(sums: Sums) -> Sums:
    count = len(sums)
    return kpi.fold(
        sums,
        np.array([0]),
        np.array([count]),
        np.array([0]),
        np.array([count * HOUR]),
    )


@pytest.mark.parametrize("vector", _vectors("pue-basic") + _vectors("pue-pass"))
def test_pue_vectors(vector: dict[str, Any]) -> None:
    found = kpi.value("pue", _array(vector["E_DC_kWh"]), _array(vector["E_IT_kWh"]))
    assert found[0] == pytest.approx(vector["PUE"], rel=1e-15)
    verdict = kpi.annual_verdict(float(found[0]), 1.0, PUE_TARGET)
    assert (verdict == "compliant") == vector["meets_lt_1_25"]


def test_ratio_of_sums_not_mean_of_ratios() -> None:
    (vector,) = _vectors("pue-mean-of-ratios-trap")
    facility, it = (
        list(column) for column in zip(*vector["intervals_kWh"], strict=True)
    )
    formula = _formula(["grid_import", "ups_output"], "pue", 1)
    sums = _folded(_hourly(formula, [_constant(*facility), _constant(*it)], 2))
    found = kpi.value("pue", sums.numerator, sums.denominator)
    assert found.tolist() == [vector["right"]]


@pytest.mark.parametrize("swapped", [0.0, 30.0, 4e5])
def test_the_time_of_a_swap_leaves_both_sides_alike(swapped: float) -> None:
    # Two hours by quarters at 120 and 100 kW; the IT meter is another one from 00:45.
    ts = np.arange(9, dtype=np.int64) * (HOUR // 4)
    quarter = np.arange(9, dtype=np.float64)
    total, it = 30.0 * quarter, 2.6e6 + 25.0 * quarter
    it[3:] = swapped + 25.0 * quarter[:6]
    known = Register(gap=HOUR, max_rate=500.0)
    meters = [energy.metered(ts, each, known) for each in (total, it)]
    formula = _formula(["grid_import", "ups_output"], "pue", 1)
    hours = _hourly(formula, meters, 2)
    assert (hours.numerator / hours.denominator).tolist() == [1.2, 1.2]
    assert (hours.covered / HOUR).tolist() == [0.75, 1.0]
    assert not hours.estimated_time.any()


def test_renewable_share_vector() -> None:
    (vector,) = _vectors("ref-basic")
    # The certificates of the vector are counted as purchased green power.
    green = vector["green_power_kWh"] + 1000 * vector["certificates"]
    grid = vector["E_DC_kWh"] - vector["onsite_kWh"]
    formula = _formula(["grid_import", "pv", "green_power"], "ref")
    meters = [_constant(grid), _constant(vector["onsite_kWh"]), _constant(green)]
    sums = _hourly(formula, meters, 1)
    found = kpi.value("ref", sums.numerator, sums.denominator)
    assert found[0] == pytest.approx(vector["REF"], rel=1e-15)
    assert kpi.annual_verdict(float(found[0]), 1.0, REF_TARGET) == "compliant"


def test_a_real_year_with_three_hours_missing() -> None:
    with gzip.open(DATA / "eia_ciso_2022_generation.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    roles = {"WND": "wind", "SUN": "pv", "WAT": "hydro"}
    names = ["WND", "SUN", "WAT", "OIL", "NG", "COL", "NUC", "OTH"]
    start = [datetime.fromisoformat(row["timestamp"]).timestamp() for row in rows]
    ts = np.array(start, np.int64) * 1_000_000 + HOUR
    value = {
        name: _array(*(float(row[name] or "nan") * 1000.0 for row in rows))
        for name in names
    }
    meters = [energy.from_intervals(ts, value[name], HOUR) for name in names]
    edges = np.append(ts - HOUR, ts[-1])
    own = [segments.sums(each, edges) for each in meters]
    formula = _formula([roles.get(name, "grid_import") for name in names], "ref")
    hours = kpi.hourly(formula, meters, own, edges)
    year = kpi.fold(hours, np.array([0]), np.array([len(rows)]), edges[:1], edges[-1:])
    (share,) = kpi.value("ref", year.numerator, year.denominator)
    assert round(float(share), 4) == 0.3961
    assert int(year.covered[0]) == (8760 - 3) * HOUR
    hourly = kpi.value("ref", hours.numerator, hours.denominator)
    assert round(float(np.nanmean(hourly)), 4) == 0.3852, "the trap, for comparison"


def test_every_role_is_counted_as_decided() -> None:
    counted = {role: kpi.FACILITY.get(role) for role in get_args(Role)}
    assert {role for role, sign in counted.items() if sign == 1.0} == {
        "grid_import",
        "generator",
        "pv",
        "wind",
        "hydro",
        "delivered_cooling",
        "fuel",
    }
    assert {r for r, sign in counted.items() if sign == -1.0} == {
        "grid_export",
        "foreign_load",
    }
    assert "storage" not in kpi.FACILITY
    assert "storage" not in kpi.RENEWABLE


def test_facility_energy_has_all_its_terms() -> None:
    terms = {
        "grid_import": 1000.0,
        "grid_export": 100.0,
        "pv": 300.0,
        "generator": 50.0,
        "delivered_cooling": 40.0,
        "fuel": 10.0,
        "foreign_load": 200.0,
        "storage": 70.0,
        "green_power": 500.0,
        "ups_output": 800.0,
        "pdu_output": 780.0,
    }
    roles = list(terms)
    meters = [_constant(kwh) for kwh in terms.values()]
    expected = 1000.0 - 100.0 + 300.0 + 50.0 + 40.0 + 10.0 - 200.0
    for category, it in ((1, 800.0), (2, 780.0)):
        sums = _hourly(_formula(roles, "pue", category), meters, 1)
        assert sums.numerator.tolist() == [expected]
        assert sums.denominator.tolist() == [it]
    sums = _hourly(_formula(roles, "ref"), meters, 1)
    assert sums.numerator.tolist() == [300.0 - 100.0 + 500.0]
    assert sums.denominator.tolist() == [expected]
    assert [(f.kpi, f.category) for f in kpi.formulas(roles)] == [
        ("pue", 1),
        ("pue", 2),
        ("ref", 0),
        ("ref_hourly", 0),
    ]


def test_without_a_supply_meter_there_is_no_kpi() -> None:
    assert kpi.formulas(["ups_output", "green_power", "foreign_load"]) == []


def test_surplus_of_one_hour_does_not_serve_another() -> None:
    roles = ["grid_import", "green_power"]
    meters = [_constant(100.0, 100.0), _constant(150.0, 20.0)]
    annual = _folded(_hourly(_formula(roles, "ref"), meters, 2))
    matched = _folded(_hourly(_formula(roles, "ref_hourly"), meters, 2))
    assert annual.numerator.tolist() == [170.0]
    assert matched.numerator.tolist() == [120.0]
    assert kpi.value("ref", _array(300.0), _array(200.0)).tolist() == [1.0]


def test_a_night_of_export_above_generation_is_not_negative() -> None:
    roles = ["grid_import", "grid_export", "pv"]
    meters = [_constant(100.0), _constant(30.0), _constant(10.0)]
    sums = _hourly(_formula(roles, "ref_hourly"), meters, 1)
    assert sums.numerator.tolist() == [0.0]
    assert kpi.value("ref", _array(-20.0), _array(80.0)).tolist() == [0.0]


@pytest.mark.parametrize(
    ("facility", "it"), [(100.0, 0.0), (100.0, -1.0), (90.0, 100.0), (0.0, 0.0)]
)
def test_impossible_energies_have_no_pue(facility: float, it: float) -> None:
    assert math.isnan(kpi.value("pue", _array(facility), _array(it))[0])


def test_only_time_that_all_cover_counts() -> None:
    edges = _edges(1)
    grid = energy.from_power(np.array([0, HOUR // 2]), _array(1000, 2000), HOUR // 2)
    ups = energy.from_power(np.array([HOUR // 4]), _array(800), HOUR // 2)
    own = [segments.sums(each, edges) for each in (grid, ups)]
    formula = _formula(["grid_import", "ups_output"], "pue", 1)
    sums = kpi.hourly(formula, [grid, ups], own, edges)
    # From 15 to 45 minutes past: 1 kW, then 2 kW, against 0.8 kW.
    assert sums.covered.tolist() == [HOUR // 2]
    assert sums.numerator.tolist() == [0.75]
    assert sums.denominator.tolist() == [0.4]
    assert sums.meter[0, :, 2].tolist() == [3600.0, 1800.0]


def _with_gap() -> Sums:
    """Six hours; the grid register is silent from 1:30 to 4:30."""
    ts = np.array([0, 30, 60, 90, 270, 300, 330, 360], np.int64) * 60_000_000
    value = _array(0, 5, 10, 15, 45, 50, 55, 60)
    grid = energy.from_register(ts, value, Register(gap=HOUR))
    meters = [grid, _constant(*[8.0] * 6)]
    return _hourly(_formula(["grid_import", "ups_output"], "pue", 1), meters, 6)


def _period(sums: Sums, first: int, last: int) -> Sums:
    return kpi.fold(
        sums,
        np.array([first]),
        np.array([last]),
        np.array([first * HOUR]),
        np.array([last * HOUR]),
    )


def test_a_register_gap_is_exact_in_a_period_that_holds_it() -> None:
    hours = _with_gap()
    assert hours.numerator.tolist() == [10.0] * 6
    assert hours.numerator_estimated.tolist() == [0.0, 5.0, 10.0, 10.0, 5.0, 0.0]
    assert hours.estimated_time.tolist() == [0, HOUR // 2, HOUR, HOUR, HOUR // 2, 0]
    whole = _period(hours, 0, 6)
    assert whole.covered.tolist() == [6 * HOUR]
    assert whole.numerator_estimated.tolist() == [0.0]
    assert whole.meter[0, 0].tolist() == [60.0, 0.0, 6 * 3600.0]
    part = _period(hours, 0, 4)
    assert part.covered.tolist() == [3 * HOUR // 2]
    assert part.numerator.tolist() == [40.0]
    assert part.numerator_estimated.tolist() == [25.0]
    assert part.meter[0, 0, :2].tolist() == [40.0, 25.0]


def test_days_hand_their_gaps_to_longer_periods() -> None:
    hours = _with_gap()
    days = kpi.fold(
        hours,
        np.array([0, 3]),
        np.array([3, 6]),
        np.array([0, 3 * HOUR]),
        np.array([3 * HOUR, 6 * HOUR]),
    )
    assert days.estimated_time.tolist() == [3 * HOUR // 2] * 2
    whole = kpi.fold(
        days, np.array([0]), np.array([2]), np.array([0]), np.array([6 * HOUR])
    )
    assert whole.covered.tolist() == [6 * HOUR]
    assert whole.denominator_estimated.tolist() == [0.0]


def test_a_hole_of_another_meter_leaves_the_gap_an_estimate() -> None:
    ts = np.array([0, 240], np.int64) * 60_000_000
    grid = energy.from_register(ts, _array(0, 40), Register(gap=HOUR))
    ups = energy.from_intervals(np.array([1, 2, 4]) * HOUR, _array(8, 8, 8), HOUR)
    formula = _formula(["grid_import", "ups_output"], "pue", 1)
    whole = _period(_hourly(formula, [grid, ups], 4), 0, 4)
    assert whole.covered.tolist() == [0]
    assert whole.estimated_time.tolist() == [3 * HOUR]
    assert whole.numerator.tolist() == [30.0]
    assert whole.numerator_estimated.tolist() == [30.0]


def test_a_reset_stays_an_estimate_everywhere() -> None:
    ts = np.arange(4, dtype=np.int64) * (HOUR // 2)
    grid = energy.from_register(ts, _array(50, 55, 1, 6), Register(gap=HOUR))
    formula = _formula(["grid_import", "ups_output"], "pue", 1)
    whole = _period(_hourly(formula, [grid, _constant(4, 4)], 2), 0, 2)
    assert whole.numerator.tolist() == [11.0]
    assert whole.numerator_estimated.tolist() == [1.0]
    assert whole.estimated_time.tolist() == [HOUR // 2]


@pytest.mark.parametrize(
    ("value", "coverage", "target", "annual", "interim"),
    [
        (1.25, 1.0, PUE_TARGET, "not compliant", "interim: above target"),
        (1.2499999, 0.95, PUE_TARGET, "compliant", "interim: below target"),
        (1.2, 0.9499, PUE_TARGET, "insufficient data", "insufficient data"),
        (math.nan, 1.0, PUE_TARGET, "insufficient data", "insufficient data"),
        (0.25, 1.0, REF_TARGET, "compliant", "interim: above target"),
        (0.2499, 1.0, REF_TARGET, "not compliant", "interim: below target"),
        (1.1, 1.0, None, "not applicable", "not applicable"),
    ],
)
def test_verdicts(
    value: float, coverage: float, target: Target | None, annual: str, interim: str
) -> None:
    assert kpi.annual_verdict(value, coverage, target) == annual
    assert kpi.interim_verdict(value, coverage, target) == interim
