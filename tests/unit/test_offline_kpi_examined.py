"""Files of a sceptical examiner, with figures worked out by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from parkpulse.errors import InvalidRequestError
from parkpulse.offline.kpi.cli import kpi
from tests.unit.test_offline_kpi import DAY, IT, REGISTERS, TOTAL, Kpi, _codes, _steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INTERVALS = ["total=total:interval_kwh", "it=it_ups:interval_kwh"]
HOURS = _steps(25, 60)


@pytest.fixture
def run(tmp_path: Path) -> Kpi:
    return Kpi(tmp_path)


def _effects(row: dict[str, Any], column: str) -> float:
    return sum(
        float(each["effect_on_coverage"])
        for each in row["findings"]
        if each["column"] in {column, None}
    )


def test_what_the_file_does_not_reach_is_told_and_adds_up(run: Kpi) -> None:
    start = datetime(2026, 1, 15)  # noqa: DTZ001 - local times of the file
    rows = [
        (t, 120, "" if n % 50 == 7 else 100)
        for n, t in enumerate(_steps(59 * 24, 60, start))
    ]
    months = run(rows, [TOTAL, IT], "--period", "month")
    assert [row["label"] for row in months] == ["2026-01", "2026-02", "2026-03"]
    for row in months:
        assert _effects(row, "it") == pytest.approx(row["coverage"] - 1.0, abs=1e-12)
    codes = [{code for code, _, _ in _codes(row)} for row in months]
    assert codes == [{"missing", "partial_period"}, {"missing"}, codes[0]]
    (year,) = run(rows, [TOTAL, IT], "--period", "year")
    assert year["coverage"] == pytest.approx(59 / 365 * 0.98, rel=1e-3)
    assert _effects(year, "it") == pytest.approx(year["coverage"] - 1.0, abs=1e-12)


@pytest.mark.parametrize("period", ["day", "all"])
def test_rows_without_values_are_missing_values(run: Kpi, period: str) -> None:
    rows = [(t, *((120, 100) if t.hour < 22 else ("", ""))) for t in HOURS[:24]]
    (row,) = run(rows, [TOTAL, IT], "--period", period)
    assert (row["e_dc_kwh"], row["coverage"]) == (22 * 120.0, 22 / 24)
    assert _codes(row) == [("missing", "no_samples", 2)] * 2
    (row,) = run([(t, "", "") for t in HOURS[:24]], [TOTAL, IT], "--period", period)
    assert (row["pue"], row["coverage"]) == (None, 0.0)
    assert _codes(row) == [("missing", "no_samples", 24)] * 2


def test_a_register_read_once_says_nothing(run: Kpi) -> None:
    (row,) = run([(HOURS[10], 5000, 4000)], REGISTERS, "--period", "day")
    assert (row["label"], row["pue"], row["coverage"]) == ("2026-01-01", None, 0.0)


def test_the_only_row_is_that_of_its_period(run: Kpi) -> None:
    (row,) = run([("2026-01-01 10:00", 3000, 2400)], INTERVALS, "--period", "day")
    assert (row["e_dc_kwh"], row["coverage"]) == (3000.0, 1.0)
    (row,) = run([("2025-06-30", 15_000, 12_000)], INTERVALS, "--period", "year")
    assert (row["label"], row["e_dc_kwh"], row["coverage"]) == ("2025", 15_000.0, 1.0)
    ends = ("--period", "day", "--stamp", "end")
    (row,) = run([("2026-01-02", 3000, 2400)], INTERVALS, *ends)
    assert (row["label"], row["e_dc_kwh"]) == ("2026-01-01", 3000.0)


def test_the_only_value_of_a_column(run: Kpi) -> None:
    quarters = _steps(96, 15)
    rows = [(t, 120, 100 if n == 40 else "") for n, t in enumerate(quarters)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert (row["e_it_kwh"], row["coverage"]) == (25.0, pytest.approx(1 / 96))
    green = [TOTAL, "green=renewable_contract:interval_kwh"]
    rows = [(t, 120, 500 if n == 0 else "") for n, t in enumerate(quarters)]
    for period in ("day", "all"):
        (row,) = run(rows, green, "--period", period)
        assert row["ref"] == pytest.approx(500 / 2880)


def test_certificates_belong_to_the_row_that_names_them(run: Kpi) -> None:
    columns = [*INTERVALS, "certs=certificates:count"]
    rows = [
        (f"2025-{month:02}-01", 1e6, 8e5, 10 if month in {3, 7} else "")
        for month in range(1, 13)
    ]
    (row,) = run(rows, columns, "--period", "year")
    assert (row["e_ren_kwh"], row["ref"]) == (20_000.0, pytest.approx(20e3 / 12e6))
    assert (row["findings"], row["ref_coverage"]) == ([], 1.0)
    months = run(rows, columns, "--period", "month")
    assert [row["e_ren_kwh"] for row in months].count(10_000.0) == 2


def test_it_alone_has_no_pue(run: Kpi) -> None:
    (row,) = run([(t, 100) for t in HOURS[:24]], [IT], "--period", "day")
    assert (row["e_dc_kwh"], row["pue"], row["e_it_kwh"]) == (None, None, 2400.0)
    assert _codes(row) == [("no_total", "only_it", 1)]


@pytest.mark.parametrize(("total", "it"), [(120_000, 100), (120, 100_000)])
def test_units_that_differ_are_told(run: Kpi, total: float, it: float) -> None:
    (row,) = run([(t, total, it) for t in HOURS[:24]], [TOTAL, IT], "--period", "day")
    assert ("doubtful", "units", 1) in _codes(row)
    fit = ["total=total:power_w" if total > it else TOTAL]
    fit.append("it=it_ups:power_w" if it > total else IT)
    (row,) = run([(t, total, it) for t in HOURS[:24]], fit, "--period", "day")
    assert (row["pue"], row["findings"]) == (pytest.approx(1.2), [])


def test_registers_in_wh_and_mwh(run: Kpi) -> None:
    columns = ["total=total:register_mwh", "it=it_ups:register_wh"]
    rows = [(t, (9999.5 + 0.125 * n) % 10_000, 1e5 * n) for n, t in enumerate(HOURS)]
    (row,) = run(rows, columns, "--period", "day", "--rollover", "total=10000")
    assert row["e_dc_kwh"] == pytest.approx(3000.0)
    assert row["pue"] == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("wrong", "hours", "code"),
    [
        ({10: 0.0}, 24, ("impossible", "does_not_fit", 1)),
        ({0: 0.0}, 23, ("impossible", "swap_or_jump", 1)),
        ({10: 6050.0}, 24, ("impossible", "does_not_fit", 1)),
        ({10: 62_500.0}, 24, ("impossible", "does_not_fit", 1)),
        ({n: 7000.0 + 125 * n for n in range(10, 25)}, 23, None),
    ],
)
def test_wrong_readings_of_a_register(
    run: Kpi,
    wrong: dict[int, float],
    hours: int,
    code: tuple[str, str, int] | None,
) -> None:
    # A meter swapped for one that shows 2,000 kWh more is no load of 2 MW.
    totals = [wrong.get(n, 5000.0 + 125 * n) for n in range(25)]
    rows = [
        (t, total, 100 * n)
        for n, (t, total) in enumerate(zip(HOURS, totals, strict=True))
    ]
    (row,) = run(rows, REGISTERS, "--period", "day")
    assert (row["e_dc_kwh"], row["e_it_kwh"]) == (hours * 125.0, hours * 100.0)
    assert row["coverage"] == hours / 24
    assert (code or ("impossible", "swap_or_jump", 1)) in _codes(row)


def test_a_register_of_coarse_steps_does_not_hang(run: Kpi) -> None:
    rows = [(t, n // 8 * 100, 10 * n) for n, t in enumerate(_steps(97, 15))]
    (row,) = run(rows, REGISTERS, "--period", "day")
    assert (row["e_dc_kwh"], row["e_it_kwh"]) == (1200.0, 960.0)
    assert (row["coverage"], row["findings"]) == (1.0, [])


def test_a_load_that_is_nothing_for_a_moment(run: Kpi) -> None:
    quarters = _steps(96, 15)
    rows = [(t, 130 + n % 7, 0 if n == 50 else 100) for n, t in enumerate(quarters)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert _codes(row) == [("impossible", "it_zero", 1)]
    assert row["coverage"] == pytest.approx(95 / 96)
    # A load that really went takes the total with it.
    rows = [
        (t, 30 if n == 50 else 130, 0 if n == 50 else 100)
        for n, (t, *_) in enumerate(rows)
    ]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert (row["coverage"], row["findings"]) == (1.0, [])


def test_a_level_of_rest_is_not_stuck(run: Kpi) -> None:
    light = "light=lighting:power_kw"
    rows = [
        (t, 125, 100, 10 + (7 * n) % 5 + n / 1e3 if 8 <= t.hour < 20 and d < 5 else 2)
        for n, t in enumerate(_steps(7 * 96, 15))
        for d in [(t - DAY).days]
    ]
    found = run(rows, [TOTAL, IT, light], "--period", "day")
    assert [row["findings"] for row in found] == [[]] * 7


def test_a_meter_of_whole_kilowatts_that_hangs(run: Kpi) -> None:
    totals = [130 + (n % 7 > 4) for n in range(288)]
    totals[105:161] = [130] * 56
    rows = [(t, p, 100) for t, p in zip(_steps(288, 5), totals, strict=True)]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert _codes(row) == [("stuck", "same_value", 61)]
    assert row["coverage"] == pytest.approx(1 - 61 / 288)


def test_edges_between_two_readings_are_interpolated(run: Kpi) -> None:
    late = [t + timedelta(minutes=15) for t in HOURS]
    rows = [(t, 125 * n, 100 * n) for n, t in enumerate(late)]
    first, second = run(rows, REGISTERS, "--period", "day")
    assert first["e_dc_kwh"] == pytest.approx(23.75 * 125)
    assert [each["interpolated"] for each in first["columns"]] == [True, True]
    assert second["e_dc_kwh"] == pytest.approx(0.25 * 125)
    rows = [(t, 125 * n, 100 * n) for n, t in enumerate(HOURS)]
    (row,) = run(rows, REGISTERS, "--period", "day")
    assert [each["interpolated"] for each in row["columns"]] == [False, False]


def test_water_by_category(run: Kpi) -> None:
    columns = [
        *INTERVALS,
        *(f"{n}=water_{n}:interval_m3" for n in ("potable", "other", "reuse")),
    ]
    values = (12.5e6, 1e7, 18_000, 2000, 1000)
    (row,) = run([("2025-01-01", *values)], columns, "--period", "year")
    assert row["wue_by_category"] == {"1": 1.8, "2": 2.0, "3": 1.9}
    assert row["wue"] == 2.0


def test_a_clock_that_was_wrong_by_years(run: Kpi) -> None:
    rows = [("1970-01-01 08:00", 125, 100), *((t, 125, 100) for t in HOURS[:24])]
    (row,) = run(rows, [TOTAL, IT], "--period", "day")
    assert (row["e_dc_kwh"], row["coverage"]) == (3000.0, 1.0)
    assert {code for code, _, _ in _codes(row)} == {"bad_time"}


@pytest.mark.parametrize(
    "option",
    [("--interval", "-5"), ("--emission-factor", "nan"), ("--certificates", "inf")],
)
def test_numbers_that_are_none_are_refused(
    tmp_path: Path, option: Sequence[str]
) -> None:
    path = tmp_path / "some.csv"
    path.write_text("t,total\n2026-01-01,1\n", encoding="utf-8")
    arguments = [str(path), "--time-column", "t", "--column", TOTAL, *option]
    assert CliRunner().invoke(kpi, arguments).exit_code == 2


BODY = [(str(t), "1125.5", "1000") for t in HOURS[:24]]


def _text(separator: str, rows: Sequence[Sequence[str]] = BODY) -> str:
    lines = [("t", "total", "it"), *rows]
    return "\n".join(separator.join(line) for line in lines)


def _half(t: datetime) -> str:
    return "上午" if t.hour < 12 else "下午"


@pytest.mark.parametrize(
    "text",
    [
        _text(",").replace("\n", "\r"),
        _text("|"),
        _text(", "),
        f"# Export of meters\n\n{_text(';')}",
        f"Site,A\nFrom,2026-01-01\n{_text(',')}",
        _text(",", [(*row, "") for row in BODY]),
        _text(";", [(t, "1 125,5", "1 000") for t, *_ in BODY]),
        _text(";", [(t, "1\u00a0125,5", "1\u202f000") for t, *_ in BODY]),
        _text(",", [(t, "1'125.5", "1'000") for t, *_ in BODY]),
        _text(",", [(f"{t:%d-%b-%Y %H:%M}", "1125.5", "1000") for t in HOURS[:24]]),
        _text(
            ";", [(f"{t:%A, %B %d, %Y %H:%M}", "1125.5", "1000") for t in HOURS[:24]]
        ),
        _text(
            ",",
            [
                (
                    f"{t:%Y/%m/%d} {_half(t)}{(t.hour - 1) % 12 + 1}:00:00",
                    "1125.5",
                    "1000",
                )
                for t in HOURS[:24]
            ],
        ),
    ],
)
def test_forms_of_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(text.encode())
    named = ["--time-column", "t", "--column", TOTAL, "--column", IT]
    done = CliRunner().invoke(kpi, [str(path), *named, "--period", "day"])
    assert done.exit_code == 0, done.exception
    head, row = done.output.splitlines()
    assert head.split()[:3] == ["period", "E_DC", "kWh"]
    assert row.split()[:3] == ["2026-01-01", "27,012.0", "24,000.0"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"t,total,it\n", "no row below the header$"),
        (b"t,total,it\n\n \n", "no row below the header$"),
        (b"t,total,it\n1,2,3,4\n", "can be read .*fields than the header"),
        (b"", "is empty"),
        (b"\x00\xff\xfe\xff", "some.csv"),
        (b"PAR1 and nothing else", "cannot be read"),
    ],
    ids=["header", "blank", "broken", "empty", "bytes", "parquet"],
)
def test_a_file_without_rows(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(content)
    named = ["--time-column", "t", "--column", TOTAL, "--column", IT]
    wrong = CliRunner().invoke(kpi, [str(path), *named])
    assert wrong.exit_code == 1
    with pytest.raises(InvalidRequestError, match=said):
        raise wrong.exception or AssertionError


def test_a_meter_that_sends_when_it_likes(run: Kpi) -> None:
    steps = Random(4).choices((1, 2, 5, 10), k=300)  # noqa: S311 - times of samples
    times = [DAY + timedelta(minutes=sum(steps[:n])) for n in range(300)]
    columns = ["total=total:interval_kwh", IT]
    rows = [(t, 2 * step, 100) for t, step in zip(times, steps, strict=True)]
    (row,) = run(rows, columns)
    assert row["coverage"] > 0.93
    assert row["e_dc_kwh"] == pytest.approx(1.2 * row["e_it_kwh"], rel=0.05)
    # Of five hours in between nothing is known.
    rows = [(t + timedelta(hours=5 * (t > times[150])), a, b) for t, a, b in rows]
    (row,) = run(rows, columns)
    assert 18_000 < row["elapsed_s"] * (1 - row["coverage"]) < 24_000


def test_ends_are_told_by_the_columns_that_have_intervals(run: Kpi) -> None:
    columns = [REGISTERS[0], INTERVALS[1]]
    rows = [(t, 5000 + 125 * n, 100 if n else "") for n, t in enumerate(HOURS)]
    (row,) = run(rows, columns, "--period", "day")
    assert (row["e_dc_kwh"], row["e_it_kwh"]) == (3000.0, 2400.0)
    assert (row["coverage"], row["findings"]) == (1.0, [])


def test_codes_of_errors_in_any_column(run: Kpi) -> None:
    quarters = _steps(96, 15)
    cool = "cool=cooling:power_kw"
    rows = [(t, 100, 9999 if n == 60 else 25) for n, t in enumerate(quarters)]
    (row,) = run(rows, [IT, cool], "--period", "day")
    assert _codes(row) == [("impossible", "above_limit", 1)]
    assert (row["pue"], row["coverage"]) == (1.25, pytest.approx(95 / 96))
    rows = [(t, 100, 999 if n == 60 else n % 48) for n, t in enumerate(quarters)]
    (row,) = run(rows, [TOTAL, "pv=renewable_onsite:power_kw"], "--period", "day")
    assert _codes(row) == [("impossible", "above_limit", 1)]
    assert row["e_ren_kwh"] == pytest.approx((2 * sum(range(48)) - 12) / 4)
    # A chiller that starts, or a generator on test, is none.
    rows = [(t, 100, 300 if n > 90 else 1) for n, t in enumerate(quarters)]
    for role in ("cooling", "generator"):
        columns = [IT if role == "cooling" else TOTAL, f"x={role}:power_kw"]
        (row,) = run(rows, columns, "--period", "day")
        assert (row["coverage"], row["findings"]) == (1.0, [])
