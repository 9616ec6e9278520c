"""Files as meters, spreadsheets and time zones really write them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.errors import InvalidRequestError
from tests.unit.test_offline_kpi import DAY, IT, REGISTERS, TOTAL, Kpi, _codes, _steps

if TYPE_CHECKING:
    from pathlib import Path

INTERVALS = ["total=total:interval_kwh", "it=it_ups:interval_kwh"]
ONSITE = "pv=renewable_onsite:power_kw"
BERLIN = ("--period", "day", "--tz", "Europe/Berlin")


@pytest.fixture
def run(tmp_path: Path) -> Kpi:
    return Kpi(tmp_path)


@pytest.mark.parametrize("modulus", [1e4, 99_999.9 + 0.1, 1e6, 1e8])
@pytest.mark.parametrize("missing", [range(0), range(5, 12)])
def test_a_roll_over_that_nobody_told_of(
    run: Kpi, modulus: float, missing: range
) -> None:
    # By 120 kWh an hour past the modulus, once in a gap of the readings.
    rows = [
        (t, round((modulus - 1000.0 + 120.1 * n) % modulus, 1), 100.0 * n)
        for n, t in enumerate(_steps(25, 60))
        if n not in missing
    ]
    (row,) = run(rows, REGISTERS, "--period", "day")
    assert row["e_dc_kwh"] == pytest.approx(24 * 120.1)
    assert (row["coverage"], row["pue"]) == (1.0, pytest.approx(1.201))
    assert ("rollover", "modulus", 1) in _codes(row)


@pytest.mark.parametrize(
    ("readings", "code"),
    [
        ((9000, 9100, 9200, 50, 150), "reset"),
        ((950_000, 950_100, 950_200, 50, 150), "reset"),
        ((999_700, 999_800, 0, *range(1_000_000, 1_001_000, 100)), "impossible"),
    ],
)
def test_a_fall_that_is_no_roll_over(
    run: Kpi, readings: tuple[float, ...], code: str
) -> None:
    count = len(readings)
    its = range(0, 80 * count, 80)
    rows = list(zip(_steps(count, 60), readings, its, strict=True))
    (row,) = run(rows, REGISTERS)
    assert row["pue"] == pytest.approx(1.25)
    assert code in {each[0] for each in _codes(row)}


def test_numbers_of_spreadsheets(run: Kpi) -> None:
    times = _steps(24, 60)
    for total, it in (
        ('"1,234.5"', '"1,000"'),
        ('"1234,5"', '"1000,0"'),
        ('"1.234,5"', '"1.000,00"'),
        ("１２３４．５", "１０００"),
        ("+1.2345E+03", "1.0e3"),
    ):
        (row,) = run([(t, total, it) for t in times], [TOTAL, IT], "--period", "day")
        assert row["pue"] == pytest.approx(1.2345), total
        assert (row["e_it_kwh"], row["findings"]) == (24_000.0, [])


@pytest.mark.parametrize(
    "style",
    [
        "%Y年%m月%d日 %H时%M分",
        "%Y年%m月%d日%H:%M",
        "%Y年%m月%d日 %H点",
        "%Y/%m/%d %H:%M",
        "%d.%m.%Y %H:%M",
        "%d.%m.%Y %H:%M:%S",
    ],
)
def test_dates_as_people_write_them(run: Kpi, style: str) -> None:
    rows = [(t.strftime(style), 125, 100) for t in _steps(24, 60)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert (row["label"], row["e_dc_kwh"]) == ("2026-01-01", 3000.0)
    assert (row["coverage"], row["findings"]) == (1.0, [])


@pytest.mark.parametrize(
    "style", ["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%-m-%-d-%Y %I:%M:%S%p"]
)
def test_a_day_above_12_shows_which_number_is_the_month(run: Kpi, style: str) -> None:
    times = [each + timedelta(days=day) for day in range(14) for each in _steps(24, 60)]
    found = run(
        [(t.strftime(style), 125, 100) for t in times], [TOTAL, IT], "--period", "day"
    )
    assert [row["label"] for row in found] == [f"2026-01-{n:02}" for n in range(1, 15)]
    assert {row["e_dc_kwh"] for row in found} == {3000.0}
    with pytest.raises(InvalidRequestError, match="no row has a time"):
        run([(times[30].strftime("%d/%m/%Y"), 125, 100)], [TOTAL, IT])


def test_what_stands_between_zeros_is_not_stuck(run: Kpi) -> None:
    rows = [(t, 125, 100, 25 if 6 <= t.hour < 12 else 0) for t in _steps(96, 15)]
    (row,) = run(rows, [TOTAL, IT, ONSITE], "--period", "day")
    assert (row["ref"], row["findings"]) == (pytest.approx(150 / 3000), [])


def test_days_of_a_spreadsheet(run: Kpi) -> None:
    rows = [(f"{46023 + n / 24:.6f}", 125, 100) for n in range(24)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert (row["label"], row["coverage"]) == ("2026-01-01", 1.0)
    assert row["e_dc_kwh"] == pytest.approx(3000.0)


@pytest.mark.parametrize("style", ["{}-{:02}", "{}/{}", "{}年{}月"])
def test_months_and_years_as_rows(run: Kpi, style: str) -> None:
    rows = [(style.format(2024, month), 1250, 1000) for month in range(1, 13)]
    (row,) = run(rows, INTERVALS, "--period", "year")
    assert (row["e_dc_kwh"], row["coverage"]) == (15_000.0, 1.0)
    years = run([(2024, 13, 10), (2025, 12, 10)], INTERVALS, "--period", "year")
    assert [(each["label"], each["pue"]) for each in years] == [
        ("2024", 1.3),
        ("2025", 1.2),
    ]
    assert [each["pue_verdict"] for each in years] == ["not compliant", "compliant"]


@pytest.mark.parametrize(
    ("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)]
)
def test_registers_count_days_of_23_and_25_hours(
    run: Kpi, day: str, hours: int
) -> None:
    start = datetime.fromisoformat(day) - timedelta(days=2)
    rows = [
        (f"{t.isoformat()}Z", 125 * n / 4, 100 * n / 4)
        for n, t in enumerate(_steps(5 * 96, 15, start))
    ]
    (row,) = [each for each in run(rows, REGISTERS, *BERLIN) if each["label"] == day]
    assert row["e_dc_kwh"] == pytest.approx(hours * 125.0)
    assert (row["elapsed_s"], row["coverage"]) == (hours * 3600, 1.0)


def test_days_as_rows_where_clocks_change(run: Kpi) -> None:
    start = datetime(2024, 10, 25)  # noqa: DTZ001 - local days of the file
    days = [f"{start + timedelta(days=n):%Y-%m-%d}" for n in range(5)]
    energies = run([(each, 3000, 2400) for each in days], INTERVALS, *BERLIN)
    assert [row["e_dc_kwh"] for row in energies] == [3000.0] * 5
    powers = run([(each, 125, 100) for each in days], [TOTAL, IT], *BERLIN)
    assert [row["e_dc_kwh"] / 125 for row in powers] == [24, 24, 25, 24, 24]
    assert {row["coverage"] for row in energies + powers} == {1.0}


def test_an_hour_that_clocks_skip_is_not_missing(run: Kpi) -> None:
    start = datetime(2024, 3, 31)  # noqa: DTZ001 - local times of the file
    rows = [(t, 125, 100) for t in _steps(96, 15, start) if t.hour != 2]
    (row,) = run(rows, [TOTAL, IT], *BERLIN)
    assert (row["e_dc_kwh"], row["coverage"]) == (2875.0, 1.0)
    assert row["findings"] == []


def test_inverters_at_night_are_not_impossible(run: Kpi) -> None:
    rows = [
        (t, 125, 100, round(max(-0.02, 30 * math.sin((t.hour - 6) / 12 * math.pi)), 3))
        for t in _steps(24, 60)
    ]
    (row,) = run(rows, [TOTAL, IT, ONSITE], "--period", "day")
    sun = sum(max(each, 0.0) for *_, each in rows)
    assert row["e_ren_kwh"] == pytest.approx(sun)
    assert row["ref_coverage"] == 1.0
    assert {code for code, _, _ in _codes(row)} == {"standby"}
    rows[12] = (*rows[12][:3], -20.0)
    (row,) = run(rows, [TOTAL, IT, ONSITE], "--period", "day")
    assert ("impossible", "negative", 1) in _codes(row)


def test_own_generation_counts_less_what_left(run: Kpi) -> None:
    columns = ["total=total:interval_kwh", "pv=renewable_onsite:interval_kwh"]
    more = ["green=renewable_contract:interval_kwh", "sold=renewable_sold:interval_kwh"]
    # More attributes sold than there are: the contract still counts.
    (row,) = run([("2025-01-01", 1e6, 1e5, 1e5, 3e5)], columns + more)
    assert (row["ref"], row["e_ren_kwh"]) == (pytest.approx(0.1), pytest.approx(1e5))
    boundary = ["g=grid_import:power_kw", "e=grid_export:power_kw", ONSITE]
    rows = [(t, 100, 20, 50) for t in _steps(24, 60, DAY)]
    (row,) = run(rows, boundary, "--period", "day")
    assert (row["e_dc_kwh"], row["ref"]) == (24 * 130.0, pytest.approx(30 / 130))


@pytest.mark.parametrize("new", [0.0, 1234.0, 881_234.0])
def test_a_swapped_meter_takes_only_its_own_time(run: Kpi, new: float) -> None:
    rows = [
        (t, 500_000 + 30 * n if n < 40 else new + 30 * (n - 40), 25 * n)
        for n, t in enumerate(_steps(97, 15))
    ]
    (row,) = run(rows, REGISTERS, "--period", "day")
    assert (row["e_dc_kwh"], row["e_it_kwh"]) == (95 * 30.0, 95 * 25.0)
    assert (row["pue"], row["coverage"]) == (pytest.approx(1.2), 95 / 96)


@pytest.mark.parametrize("peak", [500.0, 1250.0, 99_999.0])
def test_a_peak_that_no_data_centre_draws(run: Kpi, peak: float) -> None:
    totals = [peak if n == 50 else 125.0 + n % 7 for n in range(96)]
    rows = [(t, total, 100) for t, total in zip(_steps(96, 15), totals, strict=True)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert _codes(row) == [("impossible", "above_limit", 1)]
    assert row["coverage"] == pytest.approx(95 / 96)
    # A new hall is no peak.
    rows = [(t, 125.0 if n < 80 else 500.0, 100) for n, (t, *_) in enumerate(rows)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert (row["coverage"], row["findings"]) == (1.0, [])
