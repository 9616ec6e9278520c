from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from parkpulse.offline.kpi.cli import kpi

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

TOTAL, IT = "total=total:power_kw", "it=it_ups:power_kw"
DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - local time without a zone, as in files


class Kpi:
    """Runs the command on rows of a file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "some.csv"

    def __call__(
        self, rows: Iterable[Sequence[object]], columns: Sequence[str], *more: str
    ) -> list[dict[str, Any]]:
        names = [each.rpartition("=")[0] for each in columns]
        lines = [",".join(map(str, row)) for row in [("t", *names), *rows]]
        self._path.write_text("\n".join(lines), encoding="utf-8")
        options = [option for each in columns for option in ("--column", each)]
        arguments = [str(self._path), "--time-column", "t", *options, *more, "--json"]
        done = CliRunner().invoke(kpi, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


@pytest.fixture
def run(tmp_path: Path) -> Kpi:
    return Kpi(tmp_path)


def _steps(count: int, minutes: float, start: datetime = DAY) -> list[datetime]:
    return [start + timedelta(minutes=minutes * each) for each in range(count)]


def _codes(row: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(f["code"], f["reason"], f["count"]) for f in row["findings"]]


def test_power_is_the_mean_over_its_own_interval(run: Kpi) -> None:
    # 15 min, then 5 min: 24 h at 120 and 100 kW.
    times = [*_steps(48, 15), *_steps(144, 5, DAY + timedelta(hours=12))]
    (row,) = run([(t, 120, 100) for t in times], [TOTAL, IT], "--period", "day")
    assert row["e_dc_kwh"] == pytest.approx(2880.0, rel=1e-12)
    assert row["e_it_kwh"] == pytest.approx(2400.0, rel=1e-12)
    assert row["pue"] == pytest.approx(1.2, rel=1e-12)
    assert (row["coverage"], row["category"], row["findings"]) == (1.0, 1, [])
    assert (row["start"], row["end"]) == (
        "2026-01-01T00:00:00+08:00",
        "2026-01-02T00:00:00+08:00",
    )


def test_stamps_at_the_end(run: Kpi) -> None:
    times = _steps(24, 60, DAY + timedelta(hours=1))
    rows = [(t, 120, 100) for t in times]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert (row["e_dc_kwh"], row["coverage"]) == (2880.0, 1.0)
    two = run(rows, [TOTAL, IT], "--period", "day", "--stamp", "start")
    assert [each["e_dc_kwh"] for each in two] == [2760.0, 120.0]


def test_sums_and_not_means_of_ratios(run: Kpi) -> None:
    columns = ["total=total:interval_kwh", "it=it_pdu:interval_kwh"]
    rows = list(zip(_steps(2, 60), (120, 60), (100, 20), strict=True))
    (row,) = run(rows, columns, "--period", "all")
    assert (row["pue"], row["category"], row["elapsed_s"]) == (1.5, 2, 7200.0)


@pytest.mark.parametrize(
    ("facility", "value", "verdict"),
    [(12_500_000, 1.25, "not compliant"), (12_499_999, 1.2499999, "compliant")],
)
def test_the_target_is_met_unrounded_only_below(
    run: Kpi, facility: float, value: float, verdict: str
) -> None:
    columns = ["total=total:interval_kwh", "it=it_ups:interval_kwh"]
    (row,) = run([("2025-01-01", facility, 10_000_000)], columns, "--period", "year")
    assert row["pue"] == pytest.approx(value, rel=1e-15)
    assert row["pue_meets_target"] is (verdict == "compliant")
    assert row["pue_verdict"] == verdict
    assert row["coverage"] == 1.0


def test_renewable_share(run: Kpi) -> None:
    columns = [
        "total=total:interval_kwh",
        "pv=renewable_onsite:interval_kwh",
        "green=renewable_contract:interval_kwh",
        "certs=certificates:count",
    ]
    (row,) = run([("2025-01-01", 12_500_000, 1e6, 2e6, 500)], columns)
    assert row["ref"] == pytest.approx(0.28, rel=1e-12)
    assert (row["ref_meets_target"], row["pue"]) == (True, None)
    (again,) = run(
        [("2025-01-01", 12_500_000, 1e6, 2e6)], columns[:3], "--certificates", "500"
    )
    assert again["ref"] == row["ref"]


def test_sold_attributes_do_not_count_and_the_share_is_capped(run: Kpi) -> None:
    columns = ["total=total:interval_kwh", "pv=renewable_onsite:interval_kwh"]
    sold = [*columns, "sold=renewable_sold:interval_kwh"]
    (row,) = run([("2025-01-01", 1e6, 4e5, 4e5)], sold)
    assert row["ref"] == 0.0
    (row,) = run([("2025-01-01", 1e6, 4e6)], columns)
    assert row["ref"] == 1.0


def test_water_heat_and_carbon(run: Kpi) -> None:
    columns = [
        "total=total:interval_kwh",
        "it=it_ups:interval_kwh",
        "water=water_potable:interval_m3",
        "reuse=heat_reuse:interval_kwh",
        "heat=heat_removed:interval_kwh",
        "cool=cooling:interval_kwh",
    ]
    values = (12_500_000, 10_000_000, 18_000, 1_250_000, 36_000_000, 6_000_000)
    (row,) = run([("2025-01-01", *values)], columns, "--emission-factor", "0.5366")
    found = [row[name] for name in ("wue", "erf", "cer", "cue")]
    assert found == pytest.approx([1.8, 0.1, 6.0, 0.67075], rel=1e-12)


def test_without_a_total_the_parts_are_summed_and_it_counts_once(run: Kpi) -> None:
    columns = [
        "ups=it_ups:power_kw",
        "pdu=it_pdu:power_kw",
        "cool=cooling:power_kw",
        "loss=ups_loss:power_kw",
        "rack a=it_rack:power_kw",
        "rack=b=it_rack:power_kw",
    ]
    rows = [(t, 100, 98, 20, 5, 50, 45) for t in _steps(24, 60)]
    (row,) = run(rows, columns, "--period", "day")
    assert row["e_dc_kwh"] == pytest.approx(24 * 125.0)
    assert row["total_from"] == "parts"
    assert row["category"] == 3
    assert row["pue_by_category"] == {
        "1": pytest.approx(1.25),
        "2": pytest.approx(125 / 98),
        "3": pytest.approx(125 / 95),
    }


def test_missing_time_leaves_both_sums(run: Kpi) -> None:
    rows = [(t, 120, "" if 3 <= t.hour < 6 else 100) for t in _steps(24, 60)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert (row["e_dc_kwh"], row["e_it_kwh"]) == (21 * 120.0, 21 * 100.0)
    assert row["coverage"] == 21 / 24
    (finding,) = row["findings"]
    assert finding["code"] == "missing"
    assert finding["effect_on_coverage"] == -3 / 24
    assert (finding["start"], finding["count"]) == ("2026-01-01T03:00:00+08:00", 3)
    assert row["pue_verdict"] == "insufficient data"


def test_impossible_values_are_left_out(run: Kpi) -> None:
    it = {3: -1, 5: 130, 7: 2e6}
    rows = [(t, 120, it.get(t.hour, 100)) for t in _steps(24, 60)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert row["e_it_kwh"] == pytest.approx(21 * 100.0)
    assert row["e_dc_kwh"] == pytest.approx(21 * 120.0)
    assert sorted(_codes(row)) == [
        ("impossible", "above_limit", 1),
        ("impossible", "it_above_total", 1),
        ("impossible", "negative", 1),
    ]


def test_a_stuck_meter_is_left_out_and_a_constant_one_is_not(run: Kpi) -> None:
    varying = [100 + (7 * each) % 13 + each / 1000 for each in range(96)]
    varying[40:60] = [104.2] * 20
    rows = [(t, 130, it) for t, it in zip(_steps(96, 15), varying, strict=True)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert _codes(row) == [("stuck", "same_value", 20)]
    assert row["coverage"] == pytest.approx(76 / 96)
    assert row["e_dc_kwh"] == pytest.approx(76 * 130 / 4)


REGISTERS = ["total=total:register_kwh", "it=it_ups:register_kwh"]


def _registers(totals: Sequence[float]) -> list[tuple[object, ...]]:
    """Twenty-five hourly readings."""
    times = _steps(25, 60)
    return [
        (t, total, 100 * n)
        for n, (t, total) in enumerate(zip(times, totals, strict=True))
    ]


def test_registers_roll_over(run: Kpi) -> None:
    totals = [(99_000 + 120 * each) % 100_000 for each in range(25)]
    rows = _registers(totals)
    (row,) = run(rows, REGISTERS, "--period", "day", "--rollover", "total=100000")
    assert (row["e_dc_kwh"], row["e_it_kwh"]) == (2880.0, 2400.0)
    assert (row["coverage"], _codes(row)) == (1.0, [("rollover", "modulus", 1)])


def test_a_swap_to_a_more_used_meter_is_no_energy(run: Kpi) -> None:
    totals = [120 * each + (400_000 if each > 10 else 0) for each in range(25)]
    (row,) = run(_registers(totals), REGISTERS, "--period", "day")
    assert row["e_dc_kwh"] == 23 * 120.0
    assert row["pue"] == pytest.approx(1.2)
    assert _codes(row) == [("impossible", "swap_or_jump", 1)]
    assert row["coverage"] == 23 / 24
    # The same when the caller says what the meter can carry.
    few = _registers(totals)[8:14]
    (row,) = run(few, REGISTERS, "--max-power", "total=500")
    assert row["e_dc_kwh"] == 4 * 120.0


def test_a_reset_and_a_reading_that_does_not_fit(run: Kpi) -> None:
    totals = [5000 + 120.0 * each for each in range(15)]
    totals += [120.0 * each for each in range(1, 11)]
    totals[5] = 0.0
    (row,) = run(_registers(totals), REGISTERS, "--period", "day")
    # What the reset's hour counted is unknown; neither side has it.
    assert (row["e_dc_kwh"], row["e_it_kwh"]) == (23 * 120.0, 23 * 100.0)
    assert (row["pue"], row["coverage"]) == (pytest.approx(1.2), 23 / 24)
    assert row["e_dc_estimated_kwh"] == 0.0
    assert sorted(_codes(row)) == [
        ("impossible", "does_not_fit", 1),
        ("reset", "begins_anew", 1),
    ]


def test_a_register_gap_is_exact_for_the_day_and_estimated_within(run: Kpi) -> None:
    rows = [
        (t, 120 * n, 100 * n)
        for n, t in enumerate(_steps(73, 60))
        if not 20 <= n < 30 and not 50 <= n < 55
    ]
    first, second, third = run(rows, REGISTERS, "--period", "day")
    assert first["e_dc_kwh"] == pytest.approx(24 * 120.0)
    # Hours 19 to 24 lie in the gap over midnight.
    assert first["e_dc_estimated_kwh"] == pytest.approx(5 * 120.0)
    assert first["coverage"] == pytest.approx(19 / 24)
    assert first["estimated_s"] == 5 * 3600
    assert second["coverage"] == pytest.approx(18 / 24)
    assert third["coverage"] == 1.0
    assert third["e_dc_estimated_kwh"] == 0.0
    assert [code for code, _, _ in _codes(third)] == ["gap", "gap"]


def test_a_register_that_hangs_and_catches_up(run: Kpi) -> None:
    totals = [120.0 * each + (each * 7) % 3 for each in range(25)]
    totals[8:16] = [totals[8]] * 8
    (row,) = run(_registers(totals), REGISTERS, "--period", "day")
    assert row["e_dc_kwh"] == pytest.approx(totals[-1])
    assert ("stuck", "no_step", 7) in _codes(row)
    assert row["coverage"] == 1.0


def test_mixed_kinds_and_rates(run: Kpi) -> None:
    columns = ["total=total:register_kwh", "a=it_pdu:power_kw", "b=it_pdu:interval_kwh"]
    times = _steps(1441, 1)
    rows: list[tuple[object, ...]] = [
        (t, 2 * n, 50, "" if n % 15 else 12.5) for n, t in enumerate(times[:-1])
    ]
    rows.append((times[-1], 2880, "", ""))
    (row,) = run(rows, columns, "--period", "day")
    assert row["e_dc_kwh"] == pytest.approx(2880.0)
    assert row["e_it_kwh"] == pytest.approx(2400.0)
    assert (row["coverage"], row["findings"]) == (1.0, [])


def test_duplicates_and_overlaps(run: Kpi) -> None:
    columns = ["total=total:interval_kwh", "it=it_ups:interval_kwh"]
    rows: list[tuple[object, ...]] = [(t, 120, 100) for t in _steps(24, 60)]
    rows.insert(4, (DAY + timedelta(hours=3, minutes=30), 120, 100))
    rows.insert(9, rows[8])
    rows.append((DAY, 999, 100))
    (row,) = run(rows, columns, "--period", "day")
    assert row["e_dc_kwh"] == pytest.approx(2880.0)
    assert row["coverage"] == 1.0
    assert {code for code, _, _ in _codes(row)} == {"duplicate", "overlap"}


def test_months_have_their_own_lengths(run: Kpi) -> None:
    columns = ["total=total:interval_kwh", "it=it_ups:interval_kwh"]
    months = [f"2024-{month:02}-01" for month in range(1, 13)]
    rows = [(month, 1250.0, 1000.0) for month in months]
    found = run(rows, columns, "--period", "month")
    assert [row["e_dc_kwh"] for row in found] == [1250.0] * 12
    assert {row["coverage"] for row in found} == {1.0}
    (year,) = run(rows, columns, "--period", "year")
    assert (year["e_dc_kwh"], year["coverage"]) == (15_000.0, 1.0)
    assert year["pue_verdict"] == "not compliant"


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2024-03-31", 23),
        ("Europe/Berlin", "2024-10-27", 25),
        ("Asia/Kolkata", "2024-03-31", 24),
        ("Asia/Shanghai", "2024-03-31", 24),
    ],
)
def test_civil_days_of_any_zone(run: Kpi, zone: str, day: str, hours: int) -> None:
    start = datetime.fromisoformat(day) - timedelta(days=2)
    times = [f"{t.isoformat()}Z" for t in _steps(5 * 96, 15, start)]
    found = run(
        [(t, 120, 100) for t in times], [TOTAL, IT], "--period", "day", "--tz", zone
    )
    (row,) = [each for each in found if each["label"] == day]
    assert row["e_dc_kwh"] == pytest.approx(hours * 120.0)
    assert (row["elapsed_s"], row["coverage"]) == (hours * 3600, 1.0)


def test_local_times_where_clocks_are_put_back(run: Kpi) -> None:
    start = datetime(2024, 10, 27)  # noqa: DTZ001 - local time of the file
    times = _steps(3, 60, start) + _steps(22, 60, start + timedelta(hours=2))
    rows = [(t, 120, 100) for t in times]
    (row,) = run(rows, [TOTAL, IT], "--period", "day", "--tz", "Europe/Berlin")
    assert (row["e_dc_kwh"], row["coverage"]) == (3000.0, 1.0)


def test_rows_that_cannot_be_read_are_told(run: Kpi) -> None:
    rows: list[tuple[object, ...]] = [(t, 120, 100) for t in _steps(24, 60)]
    rows[5] = ("yesterday", 120, 100)
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert row["coverage"] == 23 / 24
    assert {code for code, _, _ in _codes(row)} == {"bad_time", "missing"}


@pytest.mark.parametrize(
    "column",
    [
        "total",
        "total=total",
        "total=sun:power_kw",
        "total=total:kw",
        "t=water_potable:power_kw",
    ],
)
def test_a_wrong_column_is_refused(tmp_path: Path, column: str) -> None:
    path = tmp_path / "some.csv"
    path.write_text("t,total\n2026-01-01,1\n", encoding="utf-8")
    arguments = [str(path), "--time-column", "t", "--column", column]
    done = CliRunner().invoke(kpi, arguments)
    assert type(done.exception).__name__ == "InvalidRequestError"


def test_the_table_for_people(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("t,a\n2026-01-01 00:00,5\n2026-01-01 01:00,5\n", encoding="utf-8")
    arguments = [str(path), "--time-column", "t", "--column", "a=total:power_kw"]
    done = CliRunner().invoke(kpi, [*arguments, "--period", "day"])
    assert done.exit_code == 0
    assert "2026-01-01" in done.output
    assert "8.33%" in done.output
