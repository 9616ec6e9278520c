"""Two of each process on one database and one broker, and one engine that hangs."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from parkpulse.store.pool import Database
from tests.plugins import fleet_load
from tests.plugins.fix_chain import COMMAND
from tests.plugins.fleet import Fleet, Host, running
from tests.plugins.fleet_load import Load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.plugins.fix_services import BrokerServer
    from tests.plugins.fix_webhook import Webhook


@pytest.fixture
def fleet(
    database_url: str, broker: BrokerServer, webhook: Webhook, tmp_path: Path
) -> Iterator[Fleet]:
    environment = {
        **os.environ,
        "PARKPULSE_HOME": str(tmp_path),
        "PARKPULSE_DATABASE_URL": database_url,
        "PARKPULSE_MQTT_URL": broker.url,
        "PARKPULSE_INGEST_WORKERS": "2",
        "PARKPULSE_WEBHOOK_ALLOW_PRIVATE": "true",
    }
    words = ("notify", "channels", "add", "duty", "--url", webhook.url, "--json")
    said = subprocess.run(
        [COMMAND, *words], env=environment, capture_output=True, check=True
    )
    webhook.secret = json.loads(said.stdout)["secret"]
    database = Database(database_url, name="parkpulse test")
    database.open()
    fleet_load.register(database)
    hosts = [Host(n, environment, tmp_path / str(n)) for n in (1, 2)]
    yield Fleet(hosts, database)
    database.close()


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_an_engine_that_hangs_and_wakes_up(
    fleet: Fleet, broker: BrokerServer, webhook: Webhook, other_database_url: str
) -> None:
    load = Load(broker.url, fleet.database, steps=90, lasts_s=6.0, least_rounds=2)
    first, _ = fleet.engines
    with running(fleet):
        load.start()
        lost = fleet.leases.of(first)
        first.freeze()
        fleet.leases.wait_taken(lost)
        first.thaw()
        fleet.leases.wait_shared(fleet.engines)
        load.finish()
        fleet_load.check(load, webhook, other_database_url)
        ledgers = [host.get("/ledger", park="free-1") for host in fleet.hosts]
    assert ledgers[0]["totals"] == ledgers[1]["totals"]
    assert all(each["balanced"] for each in ledgers)
