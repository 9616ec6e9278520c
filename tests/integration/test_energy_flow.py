"""Energy flow and meter balance of a data centre, from readings to HTTP."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.engine.kpis import PACE_S, KpiConsumer
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.model.certificates import AttributeSpec
from parkpulse.model.registry import (
    DataCentreSpec,
    DeviceSpec,
    MeterSpec,
    Name,
    ParkSpec,
    Role,
    SeriesSpec,
)
from parkpulse.query import energy_flow
from parkpulse.store import certificates
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parkpulse.model.energy_flow import EnergyFlow
    from tests.plugins.fix_api import Site
    from tests.plugins.fix_engine import Lab, Point

METRIC = "active_energy_import"
START = NOW - timedelta(hours=6)
METERS: dict[str, tuple[Role, str | None, float]] = {
    "grid": ("grid_import", None, 150.0),
    "ups-in": ("ups_input", "grid", 110.0),
    "ups": ("ups_output", "ups-in", 104.0),
    "rack": ("rack", "ups", 100.0),
    "cooling": ("cooling", "grid", 30.0),
}
"""Role, meter above, kWh in an hour."""


def _spec(code: str = "yard") -> ParkSpec:
    name = Name(zh="场", en="yard")
    return ParkSpec(
        code=code,
        name=name,
        accept_from=NOW - timedelta(days=99),
        clock="data",
        devices=[
            DeviceSpec(
                code=device,
                kind="meter",
                name=Name(zh=device, en=device),
                series=[SeriesSpec(metric=METRIC)],
            )
            for device in METERS
        ],
        data_centres=[
            DataCentreSpec(
                code="hall",
                name=name,
                commissioned=date(2025, 1, 1),
                standard_racks=4000,
                meters=[
                    MeterSpec(device=device, metric=METRIC, role=role, parent=parent)
                    for device, (role, parent, _) in METERS.items()
                ],
            )
        ],
    )


def _points(
    series: dict[tuple[str, str], int], devices: Iterable[str] = METERS
) -> list[Point]:
    first = instants.to_us(START)
    return [
        (series[device, METRIC], ts, 1.0 + METERS[device][2] * (ts - first) / 3.6e9)
        for device in devices
        for ts in range(first, first + 6 * instants.HOUR + 1, 15 * instants.MINUTE)
    ]


def _flow(lab: Lab) -> EnergyFlow:
    with lab.database.transaction() as conn:
        return energy_flow.flow(conn, 1, START, NOW, NOW)


def test_flow_of_a_small_tree(lab: Lab) -> None:
    lab.put(_points(lab.register(_spec())))
    lab.step(KpiConsumer())
    found = _flow(lab)
    assert (found.hours, found.elapsed_hours, found.coverage) == (6, 6, 1.0)
    assert found.losses.facility_kwh == pytest.approx(900.0)
    assert found.losses.it_kwh == pytest.approx(600.0)
    assert found.losses.ups_kwh == pytest.approx(36.0)
    assert found.losses.distribution_kwh == pytest.approx(24.0)
    assert found.losses.unattributed_kwh == pytest.approx(60.0)
    nodes = {node.id: node for node in found.nodes}
    assert nodes["hub"].partial_pue == pytest.approx(1.5)
    assert nodes["meter:ups-in:ups_input"].partial_pue == pytest.approx(1.1)
    links = {(link.source, link.target): link.kwh for link in found.links}
    assert set(sum(links, ())) == set(nodes)
    assert links["meter:grid:grid_import", "hub"] == pytest.approx(900.0)
    assert links["hub", "loss:hub"] == pytest.approx(60.0)


def test_a_silent_meter_is_named_and_left_out(lab: Lab) -> None:
    series = lab.register(_spec())
    lab.put(_points(series, set(METERS) - {"ups-in"}))
    consumer = KpiConsumer()
    lab.step(consumer)
    found = _flow(lab)
    assert found.silent == ["ups-in"]
    assert found.coverage == 1.0
    assert found.losses.ups_kwh is None
    links = {(link.source, link.target) for link in found.links}
    assert ("hub", "meter:ups:ups_output") in links
    # It speaks late: the hours are computed again.
    lab.put(_points(series, ["ups-in"]))
    lab.set_clock("yard", lab.later(seconds=2 * PACE_S))
    lab.step(consumer)
    assert _flow(lab).silent == []
    assert _flow(lab).losses.ups_kwh == pytest.approx(36.0)


def test_a_meter_that_goes_takes_its_hours_along(lab: Lab) -> None:
    spec = _spec()
    lab.put(_points(lab.register(spec)))
    consumer = KpiConsumer()
    lab.step(consumer)
    del spec.data_centres[0].meters[-1]
    lab.register(spec)
    lab.set_clock("yard", lab.later(seconds=2 * PACE_S))
    lab.step(consumer)
    assert _flow(lab).losses.cooling_kwh is None
    with lab.database.transaction() as conn:
        ((kept,),) = conn.execute(
            "select count(distinct meter_id) from meter_hour"
        ).fetchall()
    assert kept == len(METERS) - 1


@pytest.mark.parametrize(
    ("length", "code"),
    [(timedelta(0), "range_empty"), (timedelta(days=401), "period_too_long")],
)
def test_periods_that_are_refused(lab: Lab, length: timedelta, code: str) -> None:
    lab.register(_spec())
    with (
        pytest.raises(InvalidRequestError) as error,
        lab.database.transaction() as conn,
    ):
        energy_flow.flow(conn, 1, START, START + length, NOW)
    assert error.value.code == code


def test_what_figures_rest_on(site: Site) -> None:
    lab = site.lab
    lab.register(_spec())
    specs = [
        AttributeSpec(
            f"A{number}",
            "green_power",
            5_000.0,
            date(2026, 1, 1),
            date(2026, 2, 1),
            date(2026, 1, 1),
            date(2026, 2, 1),
            "settlement",
        )
        for number in range(3)
    ]
    with lab.database.transaction() as conn:
        certificates.apply(conn, 1, specs)
        site.context.live.reload(conn)
    path = "/parks/yard/data-centres/hall/certificates"
    first = site.get(path, limit=2)
    rest = site.get(path, limit=2, cursor=first["next"])
    shown = [row["serial"] for row in first["items"] + rest["items"]]
    assert (shown, rest["next"]) == (["A0", "A1", "A2"], None)
    assert first["items"][0]["valid_to"] == "2028-02-01"
    assert first["items"][0]["retired_on"] is None
    factors = site.items("/emission-factors", limit=1000)
    newest = next(row for row in factors if row["region"] == "CN")
    assert (newest["kind"], newest["factor"]) == ("grid", 0.5306)
    assert all(row["source"] for row in factors)
    site.problem(path, 422, cursor="W10")


def test_flow_and_balance_over_http(site: Site) -> None:
    lab = site.lab
    lab.put(_points(lab.register(_spec())))
    lab.step(KpiConsumer())
    with lab.database.transaction() as conn:
        site.context.live.reload(conn)
    period = {"start": "2026-03-10T06:00:00Z", "end": "2026-03-10T12:00:00Z"}
    path = "/parks/yard/data-centres/hall"
    flow = site.get(f"{path}/energy-flow", **period)
    assert flow["hours"] == 6
    answer = site.get(f"{path}/balance", **period, tolerance=0.01)
    rows = {row["parent"]: row for row in answer["items"]}
    assert set(rows) == {None, "ups-in", "ups"}
    assert rows["ups-in"]["difference"] == pytest.approx(6 / 110)
    assert rows[None]["finding"] == "loss_above_limit"
    assert rows[None]["coverage"] == 1.0
    problem = site.problem(f"{path}/balance", 422, **period, tolerance=7)
    assert problem["errors"][0]["pointer"] == "tolerance"
