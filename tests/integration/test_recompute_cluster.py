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
import pytest

from parkpulse.engine import executors
from parkpulse.errors import ConfigError
from parkpulse.services import ports
from tests.plugins import dask_cluster
from tests.plugins.fix_chain import COMMAND
from tests.plugins.plant import METERS, plant_spec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from parkpulse.model.registry import ParkSpec
    from tests.plugins.dask_cluster import Cluster
    from tests.plugins.fix_engine import Lab

SITES = int(os.environ.get("SITES", "100"))
"""Data centres of the long test."""
YEAR = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def _spec(number: int) -> ParkSpec:
    spec = plant_spec()
    return msgspec.structs.replace(spec, code=f"yard-{number}")


def _fill(lab: Lab, sites: int, since: datetime, until: datetime) -> int:
    """Register data centres and store quarter-hours with gaps; return how many."""
    stored = 0
    for number in range(sites):
        series = lab.register(_spec(number))
        for place, (code, (_, metric)) in enumerate(METERS.items()):
            with lab.database.transaction() as conn:
                # A counter that grows, and a value that goes up and down; every
                # meter is silent at times of its own.
                stored += conn.execute(
                    "insert into reading (series, ts, value, quality)"
                    " select %(series)s, ts, case when %(counts)s"
                    "  then 1000 + 30 * n + sin(n / 7.0 + %(site)s)"
                    "  else 50 + 10 * cos(n / 11.0 + %(site)s) end, 2"
                    " from generate_series(%(since)s, %(until)s, interval '15 min')"
                    "  with ordinality as t (ts, n)"
                    " where (n + %(place)s * 40) %% 997 > 12",
                    {
                        "series": series[code, metric],
                        "counts": metric == "active_energy_import",
                        "site": number,
                        "place": place,
                        "since": since,
                        "until": until,
                    },
                ).rowcount
        lab.set_clock(f"yard-{number}", until + timedelta(days=1))
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


def _rows(lab: Lab) -> Sequence[tuple[Any, ...]]:
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


def _compare(lab: Lab, tmp_path: Path, *, workers: int, after: int) -> int:
    """Compute alone, then on workers of which one is killed; compare."""
    began = time.monotonic()
    _compute("--jobs", "1")
    took = {"alone [s]": time.monotonic() - began}
    alone = _rows(lab)
    _forget(lab)
    with dask_cluster.running(tmp_path, workers) as cluster:
        began = time.monotonic()
        _compute_amid_a_kill(cluster, after)
        took["cluster [s]"] = time.monotonic() - began
        assert cluster.workers[0].poll() is not None
    sys.stdout.write(json.dumps({**took, "rows": len(alone)}) + "\n")
    assert _rows(lab) == alone
    return len(alone)


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
    assert _fill(lab, SITES, *YEAR) > 130_000 * SITES
    assert _compare(lab, tmp_path, workers=3, after=2 * SITES) > 10_000 * SITES


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_CONNECT_WITHIN_S", 1)
    with (
        pytest.raises(ConfigError, match="does not answer"),
        executors.cluster(f"tcp://127.0.0.1:{ports.free()}"),
    ):
        pass
