"""Certificates, emissions, water and heat against answers worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analytics import certificates, indicators, kpi
from analytics.certificates import Attribute
from analytics.kpi import Formula, Sums
from parkpulse.engine.figures import Books, Row, Stretch
from parkpulse.model import certificates as model
from parkpulse.store.factors import FactorRow

if TYPE_CHECKING:
    from analytics.certificates import Kind

YEAR = Stretch(date(2025, 1, 1), date(2026, 1, 1), 1.0)


def _row(numerator: float, denominator: float, **meters: float) -> Row:
    zero = np.zeros(1)
    count = np.zeros(1, np.int64)
    energies = np.array([[[kwh, 0.0, 0.0] for kwh in meters.values()]])
    sums = Sums(
        np.array([numerator]),
        zero,
        np.array([denominator]),
        zero,
        count,
        count,
        count,
        count,
        energies.reshape(1, -1, 3),
    )
    return Row(sums, 0, list(range(1, len(meters) + 1)))


def _attribute(
    number: int,
    kind: Kind,
    volume: float,
    *,
    used: tuple[date, date] = (date(2025, 1, 1), date(2026, 1, 1)),
    retired: date | None = date(2025, 12, 1),
    valid_to: date = date(2027, 7, 1),
) -> model.Attribute:
    return model.Attribute(
        number,
        f"GEC-{number}",
        kind,
        volume,
        date(2025, 6, 1),
        date(2025, 7, 1),
        valid_to,
        retired,
        *used,
        "settlement",
    )


REF = Formula("ref", 0, (0, 1), (1.0, 0.0), (1.0, 1.0))
ROLES = {1: "pv", 2: "grid_import"}


def _share(metered: float, facility: float, *rows: model.Attribute) -> float:
    row = _row(metered, facility, pv=metered, grid=facility - metered)
    return Books("CN", ROLES, rows).renewable(REF, row, YEAR).value


def test_the_vector_of_a_share_with_certificates() -> None:
    found = _share(
        1e6,
        12.5e6,
        _attribute(1, "green_power", 2e6),
        _attribute(2, "certificate", 500e3),
    )
    assert found == pytest.approx(0.28, rel=1e-15)


def test_sold_attributes_do_not_count() -> None:
    assert _share(400e3, 1e6, _attribute(1, "sold", 400e3)) == 0.0
    # More cannot be sold than was generated.
    rows = _attribute(1, "sold", 900e3), _attribute(2, "certificate", 100e3)
    assert _share(400e3, 1e6, *rows) == pytest.approx(0.1)


def test_a_share_is_at_most_the_consumption() -> None:
    assert _share(0.0, 1e6, _attribute(1, "certificate", 5e6)) == 1.0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (_attribute(1, "certificate", 1e5, retired=None), "not_retired"),
        (_attribute(1, "certificate", 1e5, valid_to=date(2025, 12, 1)), "expired"),
        (
            _attribute(
                1, "certificate", 1e5, used=(date(2025, 1, 1), date(2025, 6, 1))
            ),
            "generated_after_use",
        ),
    ],
)
def test_what_does_not_count_says_why(row: model.Attribute, reason: str) -> None:
    energies = _row(0.0, 1e6, pv=0.0, grid=1e6)
    found = Books("CN", ROLES, [row]).renewable(REF, energies, YEAR)
    assert found.value == 0.0
    assert [(each.kwh, each.refused) for each in found.attributes] == [(0.0, reason)]


def test_metered_green_power_is_not_counted_twice() -> None:
    roles = {**ROLES, 3: "green_power"}
    row = _row(2e6, 10e6, pv=0.0, grid=10e6, green=2e6)
    books = Books("CN", roles, [_attribute(1, "green_power", 2e6)])
    found = books.renewable(REF, row, YEAR)
    assert found.value == pytest.approx(0.2)
    assert found.attributes[0].refused == "metered"


def test_a_row_counts_by_days_and_by_coverage() -> None:
    row = _attribute(
        1,
        "certificate",
        1e6,
        used=(date(2025, 1, 1), date(2025, 1, 11)),
        retired=date(2025, 1, 1),
    )
    stretch = Stretch(date(2025, 1, 9), date(2026, 1, 9), 0.5)
    energies = _row(0.0, 1e6, pv=0.0, grid=1e6)
    early = msg_replace(row, generated_from=date(2024, 6, 1))
    found = Books("CN", ROLES, [early]).renewable(REF, energies, stretch)
    # 2 of 10 days, half of the time metered.
    assert found.attributes[0].kwh == pytest.approx(200e3)
    assert found.value == pytest.approx(0.1)


def msg_replace(row: model.Attribute, generated_from: date) -> model.Attribute:
    return model.Attribute(
        row.id,
        row.serial,
        row.kind,
        row.volume_kwh,
        generated_from,
        row.generated_to,
        row.valid_to,
        row.retired_on,
        row.used_from,
        row.used_to,
        row.source,
    )


FACTORS = [
    FactorRow(2, "CN", "grid", date(2023, 1, 1), 0.5306, "x"),
    FactorRow(1, "CN", "grid", date(2022, 1, 1), 0.5366, "x"),
    FactorRow(3, "CN-north", "grid", date(2022, 1, 1), 0.6776, "x"),
    FactorRow(4, "CN", "residual", date(2022, 1, 1), 0.5856, "x"),
    FactorRow(5, "CN", "generator", date(2022, 1, 1), 0.8325, "x"),
]
LOCATION = Formula("cue_location", 1, (0, 1), (1.0, 0.0), (0.0, 1.0), ("pue", 1))
MARKET = Formula("cue_market", 1, (0, 1), (1.0, 0.0), (0.0, 1.0), ("pue", 1))


@pytest.mark.parametrize(
    ("region", "day", "expected"),
    [
        ("CN", date(2022, 12, 31), 0.67075),
        ("CN", date(2023, 1, 1), 0.66325),
        ("CN-north", date(2025, 1, 1), 0.847),
        ("CN-moon", date(2025, 1, 1), 0.66325),
    ],
)
def test_carbon_of_a_day_by_region_and_date(
    region: str, day: date, expected: float
) -> None:
    row = _row(1.25, 1.0, grid=1.25, ups=1.0)
    books = Books(region, {1: "grid_import", 2: "ups_output"}, (), FACTORS)
    assert books.carbon(LOCATION, row, day).value == pytest.approx(expected)


def test_a_generator_has_its_own_factor() -> None:
    row = _row(100.0, 80.0, grid=100.0, diesel=10.0)
    books = Books("CN", {1: "grid_import", 2: "generator"}, (), FACTORS)
    found = books.carbon(LOCATION, row, date(2023, 5, 1))
    assert found.value == pytest.approx((53.06 + 8.325) / 80.0)
    assert found.factors == (2, 5)


def test_without_a_factor_there_is_no_figure() -> None:
    books = Books("CN", {1: "grid_import", 2: "delivered_cooling"}, (), FACTORS)
    row = _row(100.0, 80.0, grid=100.0, cold=10.0)
    assert np.isnan(books.carbon(LOCATION, row, date(2023, 5, 1)).value)
    idle = _row(100.0, 80.0, grid=100.0, cold=0.0)
    assert books.carbon(LOCATION, idle, date(2023, 5, 1)).value > 0.0
    assert np.isnan(books.carbon(LOCATION, idle, date(2020, 5, 1)).value)


def test_a_meter_that_is_gone_leaves_no_figure() -> None:
    books = Books("CN", {1: "grid_import"}, (), FACTORS)
    row = _row(100.0, 80.0, grid=100.0, unknown=10.0)
    assert np.isnan(books.carbon(LOCATION, row, date(2023, 5, 1)).value)


def test_certificates_free_grid_energy_of_emissions() -> None:
    books = Books("CN", ROLES, [_attribute(1, "certificate", 400e3)], FACTORS)
    row = _row(1e6, 800e3, pv=0.0, grid=1e6)
    emitted = np.array([585_600.0, 0.0])
    found = books.carbon_bought(row, emitted, YEAR)
    assert found.numerator == pytest.approx(600e3)
    assert found.value == pytest.approx(0.6 * 585_600.0 / 800e3)
    sold = Books("CN", ROLES, [_attribute(1, "sold", 100e3)], FACTORS)
    more = sold.carbon_bought(row, emitted, YEAR)
    assert more.value == pytest.approx(1.1 * 585_600.0 / 800e3)
    all_bought = Books("CN", ROLES, [_attribute(1, "certificate", 2e6)], FACTORS)
    assert all_bought.carbon_bought(row, emitted, YEAR).value == 0.0


def test_folded_emissions_stay_unknown() -> None:
    row = _row(1e6, 800e3)
    found = Books().carbon_folded(row, np.array([np.nan, 0.0]))
    assert np.isnan(found.value)
    assert found.emissions == (None, 0.0)


@pytest.mark.parametrize(
    ("name", "numerator", "denominator", "expected"),
    [
        ("wue", 18_000 * 1000.0, 10e6, 1.8),
        ("erf", 1.25e6, 12.5e6, 0.1),
        ("cer", 36e6, 6e6, 6.0),
    ],
)
def test_vectors_of_water_and_heat(
    name: kpi.Kpi, numerator: float, denominator: float, expected: float
) -> None:
    found = kpi.value(name, np.array([numerator]), np.array([denominator]))
    assert found[0] == pytest.approx(expected, rel=1e-15)


def test_which_indicators_the_meters_allow() -> None:
    roles = [
        "grid_import",
        "ups_output",
        "rack",
        "cooling",
        "heat_removed",
        "heat_reuse",
        "water_potable",
        "water_other",
        "water_reuse",
    ]
    found = {(f.kpi, f.category): f for f in indicators.formulas(roles)}
    assert list(found) == [
        ("cue_location", 3),
        ("cue_market", 3),
        ("wue", 1),
        ("wue", 2),
        ("wue", 3),
        ("erf", 0),
        ("cer", 0),
    ]
    net = found["wue", 3]
    assert net.meters == (2, 6, 7, 8)
    assert net.numerator == (0.0, 1000.0, 1000.0, -1000.0)
    assert net.denominator == (1.0, 0.0, 0.0, 0.0)
    assert found["cue_location", 3].source == ("pue", 3)
    assert found["cer", 0].meters == (3, 4)
    assert indicators.formulas(["ups_output", "water_potable"]) == []


def test_metered_green_power_gives_the_market_hours_of_its_own() -> None:
    found = indicators.formulas(["grid_import", "ups_output", "green_power", "pv"])
    market = found[1]
    assert market.source is None
    assert market.meters == (0, 1, 2, 3)
    assert market.numerator == (1.0, 0.0, -1.0, 0.0)


def test_refusals_in_turn() -> None:
    each = Attribute("certificate", 1.0, 10, 20, 15, 0, 12)
    assert certificates.refusal(each, is_metered=True) is None
    late = replace(each, retired_on=20)
    assert certificates.refusal(late, is_metered=False) == "expired"
    green = replace(each, kind="green_power")
    assert certificates.refusal(green, is_metered=False) is None
    assert certificates.refusal(green, is_metered=True) == "metered"


def test_retired_after_the_year_that_it_serves() -> None:
    row = _attribute(1, "certificate", 250e3, retired=date(2026, 3, 1))
    assert _share(0.0, 1e6, row) == pytest.approx(0.25)


def test_two_years_of_validity() -> None:
    spec = model.AttributeSpec(
        "A1",
        "certificate",
        1000.0,
        date(2024, 2, 1),
        date(2024, 2, 29),
        date(2024, 1, 1),
        date(2025, 1, 1),
        "x",
    )
    assert spec.end_of_validity == date(2026, 3, 1)
