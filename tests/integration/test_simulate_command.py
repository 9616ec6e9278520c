"""`parkpulse simulate` with a real database, broker and ingest."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from msgspec import structs

from parkpulse.store import devices, parks, pool, readings, registry
from parkpulse.wire import native
from simulators.demo import park
from simulators.site.model import Model
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_services import BrokerServer

SEED = 7
HOUR = 3600
LIVE = "is live"


class Stored(NamedTuple):
    """What the database holds of the park."""

    began_s: int
    messages: int
    values: int
    corrected: int
    newest: dict[tuple[str, str], int]


@pytest.fixture
def environment(database_url: str, broker: BrokerServer) -> Mapping[str, str]:
    return {
        **os.environ,
        "PARKPULSE_DATABASE_URL": database_url,
        "PARKPULSE_MQTT_URL": broker.url,
        "PARKPULSE_RAW_RETENTION_DAYS": "430",
    }


@contextmanager
def running(
    environment: Mapping[str, str], folder: Path, *words: str
) -> Iterator[Path]:
    """Run a command; yield its output; it must end cleanly on SIGTERM."""
    output = folder / f"{words[0]}-{time.monotonic_ns()}.log"
    command = str(Path(sys.executable).with_name("parkpulse"))
    with output.open("wb") as log:
        child = subprocess.Popen(
            [command, *words], env=environment, stdout=log, stderr=log
        )
    try:
        yield output
    finally:
        child.send_signal(signal.SIGTERM)
        code = child.wait(60)
    assert code == 0, output.read_text()


def stored(database_url: str) -> Stored:
    with pool.connect(database_url) as connection:
        (row,) = parks.parks(connection)
        codes = {each.id: each.code for each in devices.devices(connection)}
        keys = {
            each.id: (codes[each.device_id], each.metric)
            for each in devices.series(connection)
        }
        newest = readings.latest(connection, row.id)
        ((messages, values, corrected),) = connection.execute(
            "select coalesce(sum(received), 0), coalesce(sum(values_stored), 0),"
            " coalesce(sum(values_corrected), 0) from ledger"
        ).fetchall()
    seconds = zip(newest.series.tolist(), newest.ts.tolist(), strict=True)
    return Stored(
        park.began_s(row.accept_from),
        int(messages),
        int(values),
        int(corrected),
        {keys[series]: ts // 1_000_000 for series, ts in seconds},
    )


def test_a_demonstration_from_the_first_start_to_a_warm_one(
    environment: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    with running(environment, tmp_path, "ingest", "--worker", "1"):
        with running(environment, tmp_path, "simulate", "--demo") as output:
            wait_until(lambda: LIVE in output.read_text(), 90)
            wait_until(lambda: fresh(stored(database_url), 60), 60)
            began_s = stored(database_url).began_s
        first = stored(database_url)
        check_past(database_url, began_s)
        with running(environment, tmp_path, "simulate", "--demo") as output:
            wait_until(lambda: LIVE in output.read_text(), 60)
            wait_until(lambda: stored(database_url).messages > first.messages + 20, 60)
            second = stored(database_url)
    # The second start knew what was there and sent none of it again.
    assert second.began_s == first.began_s
    assert second.messages < first.messages + 500
    assert second.corrected == 0


def fresh(now: Stored, within_s: float) -> bool:
    """Whether sensors have reported live values, as fast as the page wants them."""
    seen = now.newest.get(("tunnel-gas", "oxygen"), 0)
    return time.time() - seen < within_s and now.values > 400_000


def check_past(database_url: str, began_s: int) -> None:
    """What is stored is the model's, without faults of the way."""
    model = Model(SEED, began_s)
    with pool.connect(database_url) as connection:
        (row,) = parks.parks(connection)
        of_park = {
            each.id: each.code
            for each in devices.devices(connection)
            if each.park_id == row.id
        }
        ids = {
            (of_park[each.device_id], each.metric): each.id
            for each in devices.series(connection)
        }
        rows = connection.execute(
            "select series, extract(epoch from ts)::bigint, value from reading"
            " where series = any(%s) order by series, ts",
            [
                [
                    ids["level-canal", "water_level"],
                    ids["grid-a", "active_energy_import"],
                ]
            ],
        ).fetchall()
    by_series = collections.defaultdict(list)
    for series, ts, value in rows:
        by_series[series].append((ts, value))
    level = by_series[ids["level-canal", "water_level"]]
    grid = by_series[ids["grid-a", "active_energy_import"]]
    assert len(level) > 31 * 288 * 0.95
    assert len(grid) > 400 * 24 * 0.97
    for key, found in (
        (("level-canal", "water_level"), level),
        (("grid-a", "active_energy_import"), grid),
    ):
        times = np.array([ts for ts, _ in found], dtype=np.int64)
        assert model.reading(*key, times).tolist() == [value for _, value in found]


def test_a_real_park_is_not_simulated(
    environment: Mapping[str, str], database_url: str, listener: Listener
) -> None:
    with pool.connect(database_url) as connection:
        real = structs.replace(park.park("mine", 1_795_338_000), simulated=False)
        registry.apply(connection, real)
    command = str(Path(sys.executable).with_name("parkpulse"))
    done = subprocess.run(
        [command, "simulate", "--demo", "--park", "mine"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "parkpulse: the park mine is a real one: simulate another one with --park\n"
    )
    assert not listener.messages


def test_an_interrupted_seeding_goes_on(
    environment: Mapping[str, str], listener: Listener, tmp_path: Path
) -> None:
    with running(environment, tmp_path, "simulate", "--demo", "--park", "other"):
        wait_until(lambda: len(listener.messages) > 50, 60)
    # Nothing took the readings, so the next start sends them all again: the same ones.
    first = listener.messages.copy()
    listener.messages.clear()
    with running(environment, tmp_path, "simulate", "--demo", "--park", "other"):
        wait_until(lambda: len(listener.messages) > 50, 60)
    again = listener.messages.copy()
    assert values(again[:40]) == values(first[:40])
    assert {topic.split("/")[2] for topic, _ in again} == {"other"}


def values(sent: list[tuple[str, bytes]]) -> list[tuple[str, list[float]]]:
    return [(topic, native.decode(payload).values) for topic, payload in sent]


def test_what_to_simulate_must_be_said(environment: Mapping[str, str]) -> None:
    command = str(Path(sys.executable).with_name("parkpulse"))
    done = subprocess.run(
        [command, "simulate"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "say what to simulate: --demo or --scenario" in done.stderr
