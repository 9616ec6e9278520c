"""`parkpulse replay` with a real database and broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from parkpulse.store import parks, pool, registry
from simulators.replay import mapping as mappings
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_services import BrokerServer

DATA = Path(__file__).parents[1] / "data"
LEVEL = DATA / "ea_hebden_bridge_level.csv.gz"


def start(database_url: str, broker_url: str, *words: str) -> subprocess.Popen[str]:
    command = str(Path(sys.executable).with_name("parkpulse"))
    return subprocess.Popen(
        [command, "replay", *words],
        env={
            **os.environ,
            "PARKPULSE_DATABASE_URL": database_url,
            "PARKPULSE_MQTT_URL": broker_url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_everything_is_published_once_in_order(
    database_url: str, broker: BrokerServer, listener: Listener
) -> None:
    running = start(database_url, broker.url, str(LEVEL), "--json")
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert json.loads(out) == {
        "park": "upper-calder",
        "rows": 2749,
        "rows_without_values": 0,
        "published": 2749,
        "acknowledged": 2749,
        "refused": 0,
        "unmatched": 0,
    }
    wait_until(lambda: len(listener.messages) >= 2749)
    topic = "parkpulse/v1/upper-calder/hebden-bridge/telemetry"
    assert {each for each, _ in listener.messages} == {topic}
    read = [json.loads(payload) for payload in listener.payloads()]
    assert [each["seq"] for each in read] == list(range(1, 2750))
    sent = [each["sent"] for each in read]
    assert sent == sorted(sent)
    with pool.connect(database_url) as connection:
        (park,) = parks.parks(connection)
    assert (park.code, park.clock, park.simulated) == ("upper-calder", "data", False)


def test_two_files_share_a_park_that_accepts_both(
    database_url: str, broker: BrokerServer, listener: Listener
) -> None:
    air = DATA / "uci_air_quality_excerpt.csv.gz"
    for file in (air, LEVEL):
        running = start(database_url, broker.url, str(file), "--park", "both")
        out, err = running.communicate(timeout=60)
        assert running.returncode == 0, err
        assert "acknowledged by the broker, 0 not taken" in out
    with pool.connect(database_url) as connection:
        (park,) = parks.parks(connection)
    assert park.accept_from.year == 2004
    wait_until(lambda: len(listener.messages) == 1500 + 2749)


def test_original_speed_ends_cleanly_on_ctrl_c(
    database_url: str, broker: BrokerServer, listener: Listener
) -> None:
    running = start(database_url, broker.url, str(LEVEL), "--speed", "3000")
    # 900 s at 3000 times: 0.3 s between two messages.
    wait_until(lambda: len(listener.messages) >= 3, 30)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    published = int(out.split()[0])
    assert 3 <= published < 200
    assert f"{published} messages published, {published} acknowledged" in out
    assert "Traceback" not in err


def test_nothing_is_lost_while_nobody_is_subscribed(
    database_url: str, broker: BrokerServer
) -> None:
    running = start(database_url, broker.url, str(LEVEL))
    assert running.stderr is not None
    assert "Waiting for ingest" in running.stderr.readline()
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=30)
    assert running.returncode == 130
    assert " 0 acknowledged by the broker, 1 not taken" in out


def test_a_park_on_the_wall_clock_is_left_alone(
    database_url: str, broker: BrokerServer, listener: Listener
) -> None:
    mapping = mappings.find(LEVEL)
    document = mappings.for_park(mapping, "live")
    with pool.connect(database_url) as connection:
        registry.apply(connection, structs.replace(document, clock="wall"))
    running = start(database_url, broker.url, str(LEVEL), "--park", "live")
    _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert err == (
        "parkpulse: the park live lives on the wall clock: replay into another one"
        " with --park\n"
    )
    assert not listener.messages


def test_a_wrong_speed_is_a_usage_error(
    database_url: str, broker: BrokerServer
) -> None:
    running = start(database_url, broker.url, str(LEVEL), "--speed", "0")
    _, err = running.communicate(timeout=60)
    assert running.returncode == 2
    assert "neither a number above 0 nor 'max'" in err
