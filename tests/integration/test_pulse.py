"""The service's own state: stored like all readings, judged by rules, listed apart."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from parkpulse.model import service_park
from parkpulse.model.registry import Name, ParkSpec
from parkpulse.notify.delivery import Sender
from parkpulse.notify.dispatch import Dispatcher
from parkpulse.notify.pulse import Pulse, Seen, Traces
from parkpulse.notify.vault import Vault
from parkpulse.notify.watch import Watch
from parkpulse.store import pool, registry
from parkpulse.store import service_park as store
from parkpulse.store.disk import Disk, Guard
from parkpulse.store.health import Queues, Signs
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.plugins.fix_chain import Chain
    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_services import BrokerServer

TRACES = Traces(Signs(1, 2.5, None, 1, 1), Queues(1, 0, 0, 0), 0.0)
GB = 10**9


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@pytest.fixture
def watch(chain: Chain, tmp_path: Path) -> Iterator[Watch]:
    """A watch of the chain, on a disk that is nearly full."""
    url, mqtt_url = chain.environment["PARKPULSE_DATABASE_URL"], chain.broker.url
    home = tmp_path / "watch"
    (home / "logs").mkdir(parents=True)
    vault = Vault(Fernet.generate_key().decode())
    guard = Guard(home, None, None, lambda _: Disk("", 100 * GB, 12 * GB))
    pulse = Pulse("node", url, mqtt_url)
    with contextlib.closing(Sender(allow_private=True)) as sender:
        dispatcher = Dispatcher(vault, sender, "https://park.example")
        yield Watch(home, url, mqtt_url, vault, dispatcher, guard, pulse)
    pulse.close()


def test_the_service_is_a_park_with_rules(chain: Chain, watch: Watch) -> None:
    begin = _now() - timedelta(seconds=90)
    for after in (0, 30, 60, 90):
        watch.look(begin + timedelta(seconds=after))

    def of(path: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = chain.get(path)["items"]
        return found

    assert service_park.CODE not in {each["code"] for each in of("/parks")}
    wait_until(lambda: bool(chain.get("/parks", service=True)["items"]), 10.0)
    (park,) = chain.get("/parks", service=True)["items"]
    assert (park["code"], park["service"]) == ("parkpulse", True)
    latest = "/parks/parkpulse/latest"
    metrics = sum(map(len, service_park.PROCESS_METRICS.values())) + 5
    wait_until(lambda: len(of(latest)) == metrics, 20.0)
    wait_until(lambda: bool(of("/parks/parkpulse/alerts")), 20.0)
    alert = of("/parks/parkpulse/alerts")[0]
    assert alert["severity"] == "medium"
    assert "disk" in str(alert["rule"])
    host = service_park.host_code("node")
    with pool.connect(chain.environment["PARKPULSE_DATABASE_URL"]) as conn:
        moments = {begin + timedelta(seconds=after) for after in (0, 30, 60, 90)}
        wait_until(lambda: store.arrived(conn, "node", moments) == moments, 20.0)
        assert store.arrived(conn, "another", moments) == set()
    places = of("/parks/parkpulse/devices")
    assert host in {each["code"] for each in places}


def _seen(at: datetime, *, broker: bool) -> Seen:
    return Seen(at=at, broker=broker, traces=TRACES)


def test_reports_wait_for_the_broker(
    database_url: str, broker: BrokerServer, listener: Listener
) -> None:
    begin = _now()
    pulse = Pulse("node", database_url, broker.url)
    with contextlib.closing(pulse):
        for number in range(3):
            at = begin + timedelta(seconds=30 * number)
            assert pulse.is_due(at)
            pulse.beat(_seen(at, broker=number == 2))
            assert not pulse.is_due(at + timedelta(seconds=29))
        wait_until(lambda: len(listener.messages) == 15)
        assert pulse.is_connected
        broker.kill()
        wait_until(lambda: not pulse.is_connected)
        broker.start()
        wait_until(lambda: pulse.is_connected)
    told = [
        json.loads(payload)["samples"][0]["values"]
        for topic, payload in listener.messages
        if topic == "parkpulse/v1/parkpulse/host-node/telemetry"
    ]
    assert [each["broker_reachable"] for each in told] == [0.0, 0.0, 1.0]
    lags = [
        json.loads(payload)["samples"][0]["values"]["ingest_lag"]
        for topic, payload in listener.messages
        if topic.endswith("/ingest/telemetry")
    ]
    assert lags == [0.0, 30.0, 60.0]  # for nobody stores them


def test_a_park_of_people_that_has_the_code_stays_theirs(database_url: str) -> None:
    name = Name("脉搏园", "Pulse park")
    with pool.connect(database_url) as conn:
        registry.apply(conn, ParkSpec("parkpulse", name, _now()))
        assert not store.register(conn, "node")
        found = conn.execute("select name_en, service from park").fetchall()
        assert found == [("Pulse park", False)]
        conn.rollback()
        assert store.register(conn, "node")
        assert store.register(conn, "node")
        assert conn.execute("select service from park").fetchall() == [(True,)]
        conn.rollback()
