"""Certificates, factors, water and heat through the engine on a real TimescaleDB."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.engine import kpis as kpi_consumer
from parkpulse.engine.kpis import PACE_S, KpiConsumer
from parkpulse.errors import InvalidRequestError
from parkpulse.model.certificates import AttributeSpec
from parkpulse.model.registry import DeviceSpec, MeterSpec, Name, ParkSpec, SeriesSpec
from parkpulse.query import kpis
from parkpulse.query.kpis import Wanted
from parkpulse.store import certificates, factors
from parkpulse.store.factors import FactorSpec
from tests.plugins.fix_engine import NOW
from tests.plugins.plant import START, Plant, plant_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.kpi import Kpi
    from parkpulse.model.registry import Role
    from tests.plugins.fix_engine import Lab


def _shown(lab: Lab, **wanted: object) -> list[Kpi]:
    with lab.database.transaction() as conn:
        return list(kpis.page(conn, 1, Wanted(**wanted), limit=1000).items)  # type: ignore[arg-type]


def _one(lab: Lab, kpi: str, period: str = "year") -> Kpi:
    (found,) = _shown(lab, kpi=kpi, period=period)
    return found


def _spec(serial: str, volume: float, **change: object) -> AttributeSpec:
    fields: dict[str, object] = {
        "serial": serial,
        "kind": "certificate",
        "volume_kwh": volume,
        "generated_from": date(2026, 1, 1),
        "generated_to": date(2026, 2, 1),
        "used_from": date(2026, 1, 1),
        "used_to": date(2027, 1, 1),
        "source": "registry export",
        "retired_on": date(2026, 3, 1),
        **change,
    }
    return AttributeSpec(**fields)  # type: ignore[arg-type]


def _apply(lab: Lab, *specs: AttributeSpec) -> int:
    with lab.database.transaction() as conn:
        return certificates.apply(conn, 1, specs)


def _later(lab: Lab, consumer: KpiConsumer) -> None:
    lab.set_clock("yard", lab.later(seconds=2 * PACE_S))
    lab.step(consumer)


@pytest.fixture
def consumer(lab: Lab) -> KpiConsumer:
    plant = Plant(lab, plant_spec(), START)
    lab.put(plant.points(START, NOW))
    found = KpiConsumer()
    lab.step(found)
    return found


def test_a_certificate_enters_the_annual_share(lab: Lab, consumer: KpiConsumer) -> None:
    before = _one(lab, "ref")
    assert _apply(lab, _spec("GEC-1", 365_000.0)) == 1
    _later(lab, consumer)
    found = _one(lab, "ref")
    # 69 of 365 days, for the two of them that the meters cover.
    known = found.covered_s / found.elapsed_s
    assert found.evidence.attributes[0].counted_kwh == pytest.approx(69_000.0)
    assert found.numerator_kwh == pytest.approx(
        before.numerator_kwh + 69_000.0 * known, rel=1e-6
    )
    assert found.value == pytest.approx(found.numerator_kwh / found.denominator_kwh)
    assert _one(lab, "ref", "month").evidence.attributes == []
    market = _one(lab, "cue_market")
    grid = before.denominator_kwh - 5.0 * 48
    green = 10.0 * 48
    assert market.numerator_kwh == pytest.approx(grid - green - 69_000 * known)
    assert market.evidence.emissions is not None
    assert market.value == pytest.approx(market.numerator_kwh * 0.5856 / (100.0 * 48))


def test_a_certificate_that_is_gone_does_not_count(
    lab: Lab, consumer: KpiConsumer
) -> None:
    before = _one(lab, "ref")
    _apply(lab, _spec("GEC-1", 5_000.0))
    _later(lab, consumer)
    assert _one(lab, "ref").numerator_kwh > before.numerator_kwh
    with lab.database.transaction() as conn:
        assert certificates.remove(conn, 1, ["GEC-1"]) == 1
        assert certificates.remove(conn, 1, ["GEC-1"]) == 0
    _later(lab, consumer)
    assert _one(lab, "ref").numerator_kwh == pytest.approx(before.numerator_kwh)


def test_the_ledger_is_idempotent_and_strict(lab: Lab, consumer: KpiConsumer) -> None:
    assert consumer.name == "kpis"
    spec = _spec("GEC-1", 5_000.0)
    assert _apply(lab, spec) == 1
    assert _apply(lab, spec) == 0
    assert _apply(lab, _spec("GEC-1", 6_000.0), _spec("GEC-2", 1_000.0)) == 2
    with lab.database.transaction() as conn:
        assert [row.volume_kwh for row in certificates.load(conn, 1)] == [6e3, 1e3]


@pytest.mark.parametrize(
    ("specs", "pointer"),
    [
        ([_spec("A", 1000.0), _spec("A", 1000.0)], "/1/serial"),
        ([_spec("A", 1500.0)], "/0/volume_kwh"),
        ([_spec("A", 1000.0, generated_to=date(2026, 1, 1))], "/0/generated_to"),
        ([_spec("A", 1000.0, used_to=date(2026, 1, 1))], "/0/used_to"),
        ([_spec("A", 1000.0, valid_to=date(2026, 1, 15))], "/0/valid_to"),
    ],
)
def test_a_wrong_row_is_refused(
    lab: Lab, specs: Sequence[AttributeSpec], pointer: str
) -> None:
    with pytest.raises(InvalidRequestError) as error:
        _apply(lab, *specs)
    assert error.value.pointer == pointer


def test_no_serial_counts_for_two_data_centres(lab: Lab) -> None:
    spec = plant_spec()
    other = [
        type(each)(
            code=code,
            name=each.name,
            commissioned=each.commissioned,
            standard_racks=1,
            meters=[],
        )
        for each in spec.data_centres
        for code in ("dc", "other")
    ]
    lab.register(
        ParkSpec(
            code="yard",
            name=spec.name,
            accept_from=spec.accept_from,
            clock="data",
            data_centres=other,
        )
    )
    with lab.database.transaction() as conn:
        certificates.apply(conn, 1, [_spec("A", 1000.0)])
    with (
        pytest.raises(InvalidRequestError, match="counts already"),
        lab.database.transaction() as conn,
    ):
        certificates.apply(conn, 2, [_spec("A", 1000.0)])


def test_a_new_factor_revises_closed_days(lab: Lab, consumer: KpiConsumer) -> None:
    closed = _shown(lab, kpi="cue_location", period="day")[0]
    assert closed.state == "closed"
    assert closed.value == pytest.approx(1.2 * 0.5306)
    assert closed.evidence.emissions is not None
    assert [f.factor for f in closed.evidence.emissions.factors] == [0.5306]
    assert (closed.unit, closed.numerator_unit) == ("kgCO2/kWh", "kWh")
    new = FactorSpec("CN", "grid", date(2026, 1, 1), 0.5, "announced later")
    with lab.database.transaction() as conn:
        assert factors.apply(conn, [new]) == 1
        assert factors.apply(conn, [new]) == 0
    _later(lab, consumer)
    again = _shown(lab, kpi="cue_location", period="day")[0]
    assert again.value == pytest.approx(1.2 * 0.5)
    assert again.revision == 1
    year = _one(lab, "cue_location")
    assert year.value == pytest.approx(1.2 * 0.5)
    with lab.database.transaction() as conn:
        (cause,) = {each.cause for each in kpis.revisions(conn, 1).items}
    assert cause == "emission factor"


def test_a_new_factor_folds_one_data_centre_at_a_time() -> None:
    assert kpi_consumer.one_history([1, 2, 3, 4], {2, 4}) == [1, 2, 3]
    assert kpi_consumer.one_history([1, 3], {2}) == [1, 3]


EXTRA: dict[str, tuple[Role, str, float]] = {
    "tap": ("water_potable", "water_volume", 0.18),
    "heat-out": ("heat_reuse", "thermal_energy", 12.5),
    "heat": ("heat_removed", "thermal_energy", 90.0),
    "chiller": ("cooling", "active_energy_import", 15.0),
}
"""Role, metric, m3 or kWh in an hour."""


def _watered() -> ParkSpec:
    spec = plant_spec()
    for code, (role, metric, _) in EXTRA.items():
        spec.devices.append(
            DeviceSpec(
                code=code,
                kind="meter",
                name=Name(zh=code, en=code),
                series=[SeriesSpec(metric=metric)],
            )
        )
        spec.data_centres[0].meters.append(MeterSpec(code, metric, role))
    return spec


def test_water_and_heat(lab: Lab) -> None:
    spec = _watered()
    plant = Plant(lab, spec, START)
    series = lab.register(spec)
    lab.put(plant.points(START, NOW))
    for code, (_, metric, hourly) in EXTRA.items():
        points = [
            (series[code, metric], ts, 1.0 + hourly * (ts - plant.start) / 3.6e9)
            for ts in range(
                plant.start, plant.start + 48 * 3_600_000_000 + 1, 900_000_000
            )
        ]
        lab.put(points)
    lab.step(KpiConsumer())
    water = _one(lab, "wue")
    assert water.value == pytest.approx(1.8)
    assert water.numerator_kwh == pytest.approx(0.18 * 1000 * 48)
    assert (water.unit, water.numerator_unit, water.category) == ("L/kWh", "L", 1)
    assert water.verdict == "not applicable"
    assert _one(lab, "erf").value == pytest.approx(0.1)
    assert _one(lab, "cer").value == pytest.approx(6.0)
    hours = _shown(lab, kpi="wue", period="hour")
    assert len(hours) == 48
    day = _shown(lab, kpi="wue", period="day")[1]
    assert day.end - day.start == timedelta(days=1)
    assert day.coverage == 1.0


def _wipe(lab: Lab) -> None:
    """Forget all figures, so that everything is computed again."""
    with lab.database.transaction() as conn:
        conn.execute("truncate kpi, kpi_revision, kpi_tree, meter_hour")


def _everything(lab: Lab) -> tuple[list[object], list[object]]:
    with lab.database.transaction() as conn:
        figures = conn.execute(
            "select period, period_start, period_end, kpi, category, value,"
            " numerator_kwh, denominator_kwh, covered_s, verdict, evidence from kpi"
            " order by period, period_start, period_end, kpi, category"
        ).fetchall()
        hours = conn.execute("select * from meter_hour order by 1, 2").fetchall()
    return list(figures), list(hours)


@pytest.mark.parametrize("seed", [1, 2])
def test_in_pieces_as_in_one_go(lab: Lab, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the order of a test
    plant = Plant(lab, plant_spec(), START)
    points = plant.points(START, NOW)
    dice.shuffle(points)
    consumer = KpiConsumer()
    _apply(lab, _spec("GEC-1", 7_000.0), _spec("SOLD-1", 100.0, kind="sold"))
    for part in range(4):
        lab.put(points[part::4])
        _later(lab, consumer)
        _apply(lab, _spec("GEC-2", 1_000.0 * (part + 1)))
    _later(lab, consumer)
    pieces = _everything(lab)
    assert all(pieces)
    _wipe(lab)
    assert _everything(lab) == ([], [])
    lab.step(KpiConsumer())
    assert _everything(lab) == pieces
