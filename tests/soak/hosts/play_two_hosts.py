"""What happens on two hosts; test_two_hosts.py runs it in the first one's network.

Host 1 has the database, the broker, the receiver of webhooks and one of each process;
host 2 one of each process, behind a cable (veth) that can be cut.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from parkpulse.services import account, ports
from parkpulse.services.broker import Broker
from parkpulse.services.database import Database as PrivateDatabase
from parkpulse.store import migrate
from parkpulse.store.pool import Database
from tests.plugins import fleet_load
from tests.plugins.fix_chain import COMMAND
from tests.plugins.fix_services import BrokerServer, DatabaseServer, wait_until
from tests.plugins.fix_webhook import Webhook
from tests.plugins.fleet import Fleet, Host, running
from tests.plugins.fleet_load import Load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.services.servers import Servers

FIRST, SECOND = "10.77.0.1", "10.77.0.2"
_NET = 24
_MQTT_PORT = 21999
_CUT_S = 40.0
"""Longer than either side needs to notice that the other has gone. [s]"""


def _ip(*words: str, inside: tuple[str, ...] = ()) -> None:
    subprocess.run([*inside, "ip", *words], check=True)


class Cable:
    """Connects this network namespace with a second one."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["/usr/bin/unshare", "--net", "sleep", "infinity"]
        )
        wait_until(self._is_apart)
        self.inside = ("nsenter", f"--net=/proc/{self._holder.pid}/ns/net")
        pid = str(self._holder.pid)
        _ip("link", "set", "lo", "up")
        _ip("link", "add", "one", "type", "veth", "peer", "name", "two", "netns", pid)
        _ip("addr", "add", f"{FIRST}/{_NET}", "dev", "one")
        _ip("link", "set", "one", "up")
        _ip("link", "set", "lo", "up", inside=self.inside)
        _ip("addr", "add", f"{SECOND}/{_NET}", "dev", "two", inside=self.inside)
        _ip("link", "set", "two", "up", inside=self.inside)

    def _is_apart(self) -> bool:
        ours, theirs = (
            Path(f"/proc/{pid}/ns/net").readlink() for pid in ("self", self._holder.pid)
        )
        return ours != theirs

    def cut(self) -> None:
        _ip("link", "set", "one", "down")

    def heal(self) -> None:
        _ip("link", "set", "one", "up")

    def remove(self) -> None:
        self._holder.kill()
        self._holder.wait()


@pytest.fixture
def cable() -> Iterator[Cable]:
    found = Cable()
    yield found
    found.remove()


@pytest.fixture
def home(cable: Cable) -> Iterator[Path]:
    del cable  # servers listen on its address
    # Not below pytest's folder, which is closed to the user the servers run as.
    folder = Path(tempfile.mkdtemp(prefix="parkpulse-hosts-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def database(programs: Servers, home: Path) -> Iterator[DatabaseServer]:
    access = home / "hosts_hba.conf"
    access.write_text(
        "host all all 127.0.0.1/32 scram-sha-256\n"
        f"host all all {FIRST}/{_NET} scram-sha-256\n"
    )
    more = home / "postgresql.d"
    more.mkdir()
    (more / "hosts.conf").write_text(
        f"listen_addresses = '127.0.0.1,{FIRST}'\nhba_file = '{access}'\n"
    )
    user = account.unprivileged(home)
    served = PrivateDatabase(programs.postgres, home, ports.free(), user)
    server = DatabaseServer(served, home / "database.log")
    server.start()
    migrate.apply(server.url)
    yield server
    server.stop()


@pytest.fixture
def reference(database: DatabaseServer) -> str:
    """Give the URL of a second database on the same server."""
    with psycopg.connect(database.superuser_url, autocommit=True) as conn:
        conn.execute("create database reference owner parkpulse")
    with psycopg.connect(
        database.superuser_url.removesuffix("/postgres") + "/reference"
    ) as conn:
        conn.execute("create extension timescaledb")
    url = database.url.removesuffix("/parkpulse") + "/reference"
    migrate.apply(url)
    return url


@pytest.fixture
def broker(programs: Servers, home: Path) -> Iterator[BrokerServer]:
    more = home / "mosquitto.d"
    more.mkdir()
    (more / "hosts.conf").write_text(f"listener {_MQTT_PORT} {FIRST}\n")
    user = account.unprivileged(home)
    served = Broker(programs.mosquitto, home, ports.free(), user)
    server = BrokerServer(served, home / "broker.log")
    server.start()
    yield server
    server.stop()


def _at_first(url: str, port: int) -> str:
    """Return an address of loopback as both hosts can reach it."""
    parts = urlsplit(url)
    netloc = f"{parts.username}:{parts.password}@{FIRST}:{port}"
    return urlunsplit(parts._replace(netloc=netloc))


@pytest.fixture
def duty(cable: Cable) -> Iterator[Webhook]:
    del cable  # it listens on its address
    receiver = Webhook(FIRST)
    yield receiver
    receiver.close()


@pytest.fixture
def fleet(
    database: DatabaseServer,
    broker: BrokerServer,
    duty: Webhook,
    cable: Cable,
    tmp_path: Path,
) -> Iterator[Fleet]:
    environment = {
        **os.environ,
        "PARKPULSE_HOME": str(tmp_path),
        "PARKPULSE_DATABASE_URL": _at_first(database.url, database.port),
        "PARKPULSE_MQTT_URL": _at_first(broker.url, _MQTT_PORT),
        "PARKPULSE_INGEST_WORKERS": "2",
        "PARKPULSE_WEBHOOK_ALLOW_PRIVATE": "true",
    }
    words = ("notify", "channels", "add", "duty", "--url", duty.url, "--json")
    said = subprocess.run(
        [COMMAND, *words], env=environment, capture_output=True, check=True
    )
    duty.secret = json.loads(said.stdout)["secret"]
    opened = Database(database.url, name="parkpulse test")
    opened.open()
    fleet_load.register(opened)
    hosts = [
        Host(1, environment, tmp_path / "1"),
        Host(2, environment, tmp_path / "2", cable.inside),
    ]
    yield Fleet(hosts, opened)
    opened.close()


def test_cut_off_healed_and_killed(
    fleet: Fleet, cable: Cable, broker: BrokerServer, duty: Webhook, reference: str
) -> None:
    load = Load(broker.url, fleet.database, steps=600, lasts_s=100.0, least_rounds=5)
    seen: dict[str, float] = {}
    with running(fleet):
        load.start()
        time.sleep(5.0)
        seen["cut off: all parks taken over after [s]"] = _cut_off(fleet, cable)
        seen["healed: work shared again after [s]"] = _healed(fleet, cable)
        for number in (1, 0):
            host = fleet.hosts[number]
            lost = fleet.leases.of(host.members["engine"])
            host.kill()
            taken = fleet.leases.wait_taken(lost)
            seen[f"host {number + 1} killed: all parks taken over after [s]"] = taken
            host.start()
            fleet.leases.wait_shared(fleet.engines)
        load.finish()
        counts = fleet_load.check(load, duty, reference)
        sys.stdout.write(json.dumps({**seen, **counts}, indent=1) + "\n")
        ledgers = [host.get("/ledger", park="free-1") for host in fleet.hosts]
    assert ledgers[0]["totals"] == ledgers[1]["totals"]
    assert all(each["balanced"] for each in ledgers)


def _cut_off(fleet: Fleet, cable: Cable) -> float:
    began = time.monotonic()
    lost = fleet.leases.of(fleet.engines[1])
    cable.cut()
    taken = fleet.leases.wait_taken(lost)
    time.sleep(max(0.0, began + _CUT_S - time.monotonic()))
    return taken


def _healed(fleet: Fleet, cable: Cable) -> float:
    began = time.monotonic()
    cable.heal()
    fleet.leases.wait_shared(fleet.engines)
    return time.monotonic() - began
