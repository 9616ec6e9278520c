"""Drift of a data centre's overhead, on hours of a real TimescaleDB."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from parkpulse.engine.drift import DriftKeeper
from parkpulse.model import instants
from parkpulse.store import drift, meter_hours
from parkpulse.store.meter_hours import Amounts
from tests.plugins import halls
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from tests.plugins.fix_api import Site


def _metered(site: Site, centre: int, days: int, worse_from: int) -> datetime:
    """Hours of all meters; the cooling takes 12 kW more from a day on."""
    dice = np.random.default_rng(4)
    count = days * 24
    start = NOW.replace(hour=0) - timedelta(days=days)
    it = 400.0 + 20.0 * np.sin(2 * np.pi * np.arange(count) / 168)
    it += dice.normal(0.0, 3.0, count)
    cooling = 0.1 * it + dice.normal(0.0, 3.0, count)
    cooling[worse_from * 24 :] += 12.0
    lighting = 5.0 + dice.normal(0.0, 0.3, count)
    grid = it + cooling + lighting + dice.normal(4.0, 0.3, count)
    amount = np.stack([grid, it, cooling, lighting], axis=1)
    with site.lab.database.transaction() as conn:
        ids = {row.device: row.id for row in meter_hours.tree(conn, centre)}
        meter_hours.write(
            conn,
            Amounts(
                [ids[each] for each in halls.METERS],
                instants.to_us(start) + instants.HOUR * np.arange(count),
                amount,
                amount * 0.0,
                np.full(amount.shape, 3600.0),
                amount * 0.0,
            ),
        )
    return start


def _drift(site: Site, start: datetime) -> dict[str, Any]:
    found: dict[str, Any] = site.get(
        f"{halls.PATH}/drift", start=start.isoformat(), end=NOW.isoformat()
    )
    return found


def test_a_lasting_change_names_its_meter(site: Site) -> None:
    centre = halls.centre(site, halls.park("yard"))
    start = _metered(site, centre, 100, 70)
    found = _drift(site, start)
    change = found["change"]
    assert abs((date.fromisoformat(change["onset"]) - start.date()).days - 70) <= 2
    assert change["shift_kw"] == pytest.approx(12.0, rel=0.2)
    assert change["yearly_kwh"] == pytest.approx(change["shift_kw"] * 8760)
    assert change["statistic"] > change["limit"]
    best = change["parts"][0]
    assert (best["part"], best["devices"]) == ("cooling", ["cooling"])
    assert found["coverage"] > 0.99
    assert found["thermometer"] is None


def test_the_engine_keeps_the_newest_finding(site: Site) -> None:
    centre = halls.centre(site, halls.park("yard"))
    _metered(site, centre, 100, 70)
    database, stop = site.lab.database, threading.Event()
    keeper = DriftKeeper(database, site.lab.keeper)
    site.lab.keeper.renew()
    keeper.search(stop)
    with database.transaction() as conn:
        row = drift.load(conn)[centre]
    assert (row.part, row.devices, row.finding) == ("cooling", ["cooling"], None)
    assert row.shift_kw == pytest.approx(12.0, rel=0.2)
    assert row.period_end == NOW.replace(hour=0)
    with database.transaction() as conn:
        drift.put(conn, row._replace(part="other"))
    keeper.search(stop)
    with database.transaction() as conn:
        assert drift.load(conn)[centre].part == "other"
    site.lab.set_clock("yard", NOW + timedelta(days=1))
    keeper.search(stop)
    with database.transaction() as conn:
        assert drift.load(conn)[centre].part == "cooling"


def test_no_change_and_too_little(site: Site) -> None:
    centre = halls.centre(site, halls.park("yard"))
    start = _metered(site, centre, 100, 100)
    assert _drift(site, start)["change"] is None
    assert _drift(site, start)["finding"] is None
    assert _drift(site, NOW - timedelta(days=20))["finding"] == "too_few_days"
    far = NOW - timedelta(days=390)
    path = f"{halls.PATH}/drift"
    empty = site.get(path, start=far.isoformat(), end=start.isoformat())
    assert empty["finding"] == "no_common_hours"
