"""Recomputation on a real TimescaleDB: the same bits, interrupted and taken up."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from parkpulse.engine import recompute
from parkpulse.engine.kpis import KpiConsumer
from parkpulse.errors import NotFoundError
from parkpulse.model import instants
from parkpulse.store.recompute import Asked
from tests.plugins.fix_engine import NOW
from tests.plugins.plant import START, Plant, plant_spec

if TYPE_CHECKING:
    from parkpulse.model.registry import DeviceSpec
    from tests.plugins.fix_engine import Lab

ASKED = Asked(START - timedelta(days=40), NOW, "yard", None)


def _plant(lab: Lab) -> None:
    """Two days with a gap in a register and late readings."""
    plant = Plant(lab, plant_spec(), START)
    points = plant.points(START, NOW)
    hidden = [p for p in points if 20 <= (p[1] - plant.start) / instants.HOUR < 27]
    lab.put(p for p in points if p not in hidden or p[0] != plant.series["grid"])
    lab.step(KpiConsumer())
    lab.put([p for p in hidden if p[0] == plant.series["pv"]][::3])
    lab.step(KpiConsumer())


def _rows(lab: Lab) -> list[tuple[Any, ...]]:
    with lab.database.transaction() as conn:
        return conn.execute(
            "select data_centre_id, kpi, category, period, period_start, period_end,"
            "  value, numerator_kwh, denominator_kwh, numerator_estimated_kwh,"
            "  covered_s, estimated_s, gap_start, gap_end, coverage, verdict, state,"
            "  evidence"
            " from kpi order by 1, 2, 3, 4, 5, 6"
        ).fetchall()


def _forget(lab: Lab) -> None:
    with lab.database.transaction() as conn:
        conn.execute("delete from kpi")


def _recompute(lab: Lab, url: str, stop: threading.Event) -> bool:
    wanted = recompute.plan(lab.database, url, ASKED)
    told: list[recompute.Progress] = []
    with ThreadPoolExecutor(2) as executor:
        done = recompute.run(lab.database, wanted, executor, stop, told.append, 2)
    assert len(told) <= len(wanted.hours) + len(wanted.days)
    return done


def test_equals_the_incremental_figures_bit_for_bit(
    lab: Lab, database_url: str
) -> None:
    _plant(lab)
    expected = _rows(lab)
    assert len(expected) > 200
    _forget(lab)
    assert _recompute(lab, database_url, threading.Event())
    assert _rows(lab) == expected
    # Over rows that are right it changes nothing, not even their time.
    with lab.database.transaction() as conn:
        before = conn.execute("select max(computed_at) from kpi").fetchone()
    assert _recompute(lab, database_url, threading.Event())
    with lab.database.transaction() as conn:
        assert conn.execute("select max(computed_at) from kpi").fetchone() == before


def test_is_taken_up_where_it_was_interrupted(lab: Lab, database_url: str) -> None:
    _plant(lab)
    expected = _rows(lab)
    _forget(lab)
    stop = threading.Event()
    wanted = recompute.plan(lab.database, database_url, ASKED)
    assert len(wanted.hours) == 2

    def tell(progress: recompute.Progress) -> None:
        assert progress.done == 1
        stop.set()

    with ThreadPoolExecutor(1) as executor:
        assert not recompute.run(lab.database, wanted, executor, stop, tell, 1)
    again = recompute.plan(lab.database, database_url, ASKED)
    assert (len(again.hours), len(again.days), again.skipped) == (1, 1, 1)
    assert _recompute(lab, database_url, threading.Event())
    assert _rows(lab) == expected


def test_an_unknown_data_centre_is_refused(lab: Lab, database_url: str) -> None:
    with pytest.raises(NotFoundError):
        recompute.plan(lab.database, database_url, ASKED._replace(data_centre="moon"))


def test_the_command_uses_processes_and_can_be_told_to_stop(
    lab: Lab, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plant(lab)
    expected = _rows(lab)
    _forget(lab)
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    command = [sys.executable, "-c", "from parkpulse.cli import main; main()"]
    command += ["recompute", "--json", "--from", START.isoformat()]
    command += ["--to", NOW.isoformat()]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    first = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert json.loads(first)["done"] is True
    assert _rows(lab) == expected
    stopped = subprocess.Popen(
        [*command[:-1], "2026-07-01"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert stopped.stderr is not None
    assert "parts done" in stopped.stderr.readline()
    stopped.send_signal(signal.SIGINT)
    out = stopped.communicate(timeout=60)[0]
    assert stopped.returncode in {0, 130}
    assert json.loads(out)["done"] is (stopped.returncode == 0)


def test_a_swap_to_a_more_used_meter_is_no_energy(lab: Lab) -> None:
    spec = plant_spec()
    devices = [_limited(device) for device in spec.devices]
    plant = Plant(lab, msgspec.structs.replace(spec, devices=devices), START)
    swapped = plant.start + 30 * instants.HOUR
    grid = plant.series["grid"]
    lab.put(
        (series, ts, value + 500_000 if series == grid and ts >= swapped else value)
        for series, ts, value in plant.points(START, NOW)
    )
    lab.step(KpiConsumer())
    with lab.database.transaction() as conn:
        found = conn.execute(
            "select max(numerator_kwh), sum(covered_s) from kpi"
            " where kpi = 'pue' and period = 'hour'"
        ).fetchone()
    # With 5 kW of PV; the quarter of an hour of the swap is not covered.
    assert found == (pytest.approx(125.0), 47.75 * 3600)


def _limited(device: DeviceSpec) -> DeviceSpec:
    series = [
        msgspec.structs.replace(each, max_power_kw=1000.0) for each in device.series
    ]
    return msgspec.structs.replace(device, series=series)
