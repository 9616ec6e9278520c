"""Recomputation on a Dask cluster: the same bits, although a worker is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from parkpulse.engine import executors
from parkpulse.errors import ConfigError
from parkpulse.model import instants
from parkpulse.services import ports
from parkpulse.store import readings
from tests.plugins import dask_cluster
from tests.plugins.fix_chain import COMMAND
from tests.plugins.plant import METERS, plant_spec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from parkpulse.model.packed import FloatArray, Int32Array, Int64Array
    from parkpulse.model.registry import ParkSpec
    from tests.plugins.dask_cluster import Cluster
    from tests.plugins.fix_engine import Lab

    Columns = tuple[Int32Array, Int64Array, FloatArray]

SITES = int(os.environ.get("SITES", "100"))
"""Data centres of the long test."""
YEAR = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def _spec(number: int) -> ParkSpec:
    spec = plant_spec()
    return msgspec.structs.replace(spec, code=f"yard-{number}")


def _readings(ids: dict[str, int], site: int, span: tuple[int, int]) -> Columns:
    """Make quarter-hours: counters that grow, values that go up and down, gaps."""
    ts = np.arange(span[0], span[1], 15 * instants.MINUTE)
    n = np.arange(1.0, len(ts) + 1.0)
    found = []
    for place, (code, (_, metric)) in enumerate(METERS.items()):
        if metric == "active_energy_import":
            value = 1000.0 + 30.0 * n + np.sin(n / 7.0 + site)
        else:
            value = 50.0 + 10.0 * np.cos(n / 11.0 + site)
        # Every meter is silent at times of its own.
        told = (n + place * 40.0) % 997.0 > 12.0
        series = np.full(int(told.sum()), ids[code], np.int32)
        found.append((series, ts[told], value[told]))
    series, ts, value = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.argsort(series, kind="stable")
    return series[order], ts[order], value[order]


def _fill(lab: Lab, sites: int, since: datetime, until: datetime) -> int:
    """Register data centres and store quarter-hours of them; return how many."""
    stored, span = 0, (instants.to_us(since), instants.to_us(until))
    for number in range(sites):
        found = lab.register(_spec(number))
        ids = {code: found[code, metric] for code, (_, metric) in METERS.items()}
        columns = _readings(ids, number, span)
        with lab.database.transaction() as conn:
            readings.insert(conn, *columns)
        stored += len(columns[0])
        lab.set_clock(f"yard-{number}", until + timedelta(days=1))
    with lab.database.transaction() as conn:
        conn.execute("analyze reading")
    return stored


def _command(*words: str) -> list[str]:
    since, until = YEAR
    span = ["--from", since.isoformat(), "--to", until.isoformat()]
    return [COMMAND, "recompute", "--json", *span, *words]


def _compute(*words: str) -> None:
    done = subprocess.run(_command(*words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["done"] is True


def _compute_amid_a_kill(cluster: Cluster, after: int) -> None:
    """Kill a worker when so many parts are done."""
    process = subprocess.Popen(
        _command("--scheduler", cluster.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for _ in range(after):
        assert "parts done" in process.stderr.readline()
    cluster.workers[0].kill()
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    assert json.loads(out)["done"] is True


def _digests(lab: Lab) -> Sequence[tuple[Any, ...]]:
    """Count the rows of each data centre and period, with a digest of all figures."""
    with lab.database.transaction() as conn:
        return conn.execute(
            "select data_centre_id, period, count(*), md5(string_agg(md5(row(kpi,"
            "  category, period_start, period_end, value, numerator_kwh,"
            "  denominator_kwh, numerator_estimated_kwh, denominator_estimated_kwh,"
            "  covered_s, estimated_s, elapsed_s, gap_start, gap_end, coverage,"
            "  verdict, state, evidence)::text), '' order by kpi, category,"
            "  period_start, period_end))"
            " from kpi group by 1, 2 order by 1, 2"
        ).fetchall()


def _forget(lab: Lab) -> None:
    with lab.database.transaction() as conn:
        conn.execute("truncate kpi, kpi_revision, meter_hour")


def _compare(lab: Lab, tmp_path: Path, *, workers: int, after: int) -> int:
    """Compute alone, then on workers of which one is killed; compare."""
    began = time.monotonic()
    _compute("--jobs", "1")
    took = {"alone [s]": time.monotonic() - began}
    alone = _digests(lab)
    _forget(lab)
    with dask_cluster.running(tmp_path, workers) as cluster:
        began = time.monotonic()
        _compute_amid_a_kill(cluster, after)
        took["cluster [s]"] = time.monotonic() - began
        assert cluster.workers[0].poll() is not None
    assert _digests(lab) == alone
    rows = sum(int(each[2]) for each in alone)
    sys.stdout.write(json.dumps({**took, "rows": rows}) + "\n")
    return rows


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_killed_worker_changes_nothing(
    lab: Lab, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    _fill(lab, 1, YEAR[1] - timedelta(days=2), YEAR[1])
    assert _compare(lab, tmp_path, workers=2, after=1) > 100


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_year_of_many_data_centres(
    lab: Lab, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    began = time.monotonic()
    stored = _fill(lab, SITES, *YEAR)
    assert stored > 130_000 * SITES
    filled = {"readings": stored, "stored in [s]": time.monotonic() - began}
    sys.stdout.write(json.dumps(filled) + "\n")
    assert _compare(lab, tmp_path, workers=3, after=2 * SITES) > 10_000 * SITES


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_CONNECT_WITHIN_S", 1)
    with (
        pytest.raises(ConfigError, match="does not answer"),
        executors.cluster(f"tcp://127.0.0.1:{ports.free()}"),
    ):
        pass
