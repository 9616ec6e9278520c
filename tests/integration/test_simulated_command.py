"""`parkpulse simulate --scenario` as a command: files, refusals, a real broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.store import devices, parks, pool, registry, rules
from parkpulse.wire import native

if TYPE_CHECKING:
    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_services import BrokerServer

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
SCENARIO = """
name = { zh = "短", en = "short" }
about = { zh = "短", en = "short" }
start = 2026-06-01T08:00:00+08:00
duration_h = 1

[devices]
water_level = 3
tunnel_controller = 2
"""


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "simulate", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def short(tmp_path: Path) -> Path:
    file = tmp_path / "short.toml"
    file.write_text(SCENARIO)
    return file


def test_files_need_no_server(short: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    words = ("--scenario", str(short), "--devices", "20", "--out", str(folder))
    done = run(*words, "--format", "sl651", "--json")
    assert done.returncode == 0, done.stderr
    assert "sl651 lacks what these measure: tunnel_controller" in done.stderr
    figures = json.loads(done.stdout)
    assert figures["devices"] == 20
    text = (folder / "messages.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == figures["written"]
    raw = [each for each in lines if each["topic"].endswith("/raw/sl651")]
    assert raw
    assert all("payload_base64" in each or each["payload"] for each in raw)
    park = msgspec.json.decode((folder / "park.json").read_bytes(), type=ParkSpec)
    assert park.simulated
    assert len(park.devices) == 20
    assert json.loads((folder / "truth.json").read_bytes())["version"] == 1


def test_a_scenario_reaches_broker_and_registry(
    short: Path, database_url: str, broker: BrokerServer, listener: Listener
) -> None:
    places = {
        "PARKPULSE_DATABASE_URL": database_url,
        "PARKPULSE_MQTT_URL": broker.url,
    }
    done = run("--scenario", str(short), "--speed", "max", "--json", **places)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["published"] == figures["acknowledged"] == len(listener.messages)
    assert all(native.decode(payload).values for payload in listener.payloads())
    with pool.connect(database_url) as connection:
        (row,) = parks.parks(connection)
        assert (row.code, row.simulated, row.clock) == ("short", True, "data")
        assert len(devices.devices(connection)) == 5
        codes = {each.spec.code for each in rules.load(connection)}
        assert {
            "water-level-reach-canal",
            "water-level-reach-lake",
            "sump-level",
        } <= codes
    again = run("--scenario", str(short), "--speed", "max", **places)
    assert again.returncode == 0, again.stderr
    assert (
        listener.payloads()[: figures["published"]]
        == (listener.payloads()[figures["published"] :])
    )


def test_another_park_is_not_touched(
    short: Path, database_url: str, broker: BrokerServer
) -> None:
    name = Name(zh="真", en="real")
    series = [SeriesSpec("water_level")]
    device = DeviceSpec(code="level-1", kind="water_level", name=name, series=series)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    real = ParkSpec(code="mine", name=name, accept_from=since, devices=[device])
    with pool.connect(database_url) as connection:
        registry.apply(connection, real)
    done = run(
        "--scenario",
        str(short),
        "--park",
        "mine",
        PARKPULSE_DATABASE_URL=database_url,
        PARKPULSE_MQTT_URL=broker.url,
    )
    assert done.returncode == 1
    assert "there is another park mine: choose a code with --park" in done.stderr


def test_what_cannot_be_is_refused(short: Path, tmp_path: Path) -> None:
    both = run("--demo", "--scenario", "quiet-week")
    assert both.returncode == 2
    assert "--demo or --scenario" in both.stderr
    ignored = run("--demo", "--out", str(tmp_path))
    assert ignored.returncode == 2
    assert "--out is for --scenario" in ignored.stderr
    unknown = run("--scenario", "comet", "--out", str(tmp_path))
    assert unknown.returncode == 1
    assert "there is no scenario 'comet'" in unknown.stderr
    short.write_text(SCENARIO.replace("duration_h = 1", "duration_h = -1"))
    wrong = run("--scenario", str(short), "--out", str(tmp_path))
    assert wrong.returncode == 1
    assert "$.duration_h" in wrong.stderr


def test_scenarios_are_listed() -> None:
    done = run("scenarios", "--json")
    assert done.returncode == 0, done.stderr
    listed = {each["code"]: each for each in json.loads(done.stdout)}
    assert {"typhoon-night", "hot-july-week", "gateway-back"} <= listed.keys()
    assert listed["typhoon-night"]["name"]["zh"] == "台风之夜"
