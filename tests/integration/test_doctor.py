"""`parkpulse doctor` on real servers."""

from __future__ import annotations

import http.server
import json
import os
import socketserver
import subprocess
import sys
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from parkpulse.services import ports
from parkpulse.services.doctor import machine, service
from parkpulse.store import pool, processes, workers
from parkpulse.store.workers import Worker

if TYPE_CHECKING:
    from parkpulse.store.figures import Samples
    from tests.plugins.fix_services import BrokerServer

NOW = datetime.now(UTC) + timedelta(days=1)
GONE = Worker("ingest-9", NOW, NOW - timedelta(days=2), False, 0, 7)  # noqa: FBT003 - a row
COMMAND = str(Path(sys.executable).with_name("parkpulse"))


@pytest.fixture
def settings(
    broker: BrokerServer, servers_cache: Path, tmp_path: Path
) -> dict[str, str]:
    return {
        **os.environ,
        "PARKPULSE_HOME": str(tmp_path),
        "PARKPULSE_CACHE": str(servers_cache),
        "PARKPULSE_MQTT_URL": broker.url,
        "PARKPULSE_PORT": str(ports.free()),
        "PARKPULSE_DISK_WARN_MB": "0",
        "PARKPULSE_DISK_STOP_MB": "0",
    }


def _ask(environment: dict[str, str]) -> tuple[int, dict[str, dict[str, Any]]]:
    done = subprocess.run(
        [COMMAND, "doctor", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)
    assert found["ok"] is (done.returncode == 0)
    return done.returncode, {each["name"]: each for each in found["findings"]}


def _set_alive(url: str) -> None:
    run = uuid.uuid4()
    with pool.connect(url) as conn:
        processes.sign(conn, "api", "api")
        processes.sign(conn, "notify", "notify")
        workers.start(conn, "ingest-1", run, 1)
        workers.report(conn, "ingest-1", run, 0, is_connected=True)
        conn.execute(
            "insert into engine (owner, role, until) values"
            " ('e/alerts', 'alerts', now() + interval '1 hour'),"
            " ('e/figures', 'figures', now() + interval '1 hour')"
        )


def test_a_service_at_work_and_one_that_stands_still(
    database_url: str, settings: dict[str, str], tmp_path: Path
) -> None:
    settings["PARKPULSE_DATABASE_URL"] = database_url
    code, found = _ask(settings)
    failed = {name for name, each in found.items() if each["state"] == "fail"}
    assert (code, failed) == (
        1,
        {"ingest", "engine", "api", "notify", "settings"},
    )
    # The suite's own server need not survive a power cut.
    assert found["settings"]["text"].startswith("fsync, full_page_writes is off")
    assert all(
        bool(each["remedy"]) == (each["state"] != "ok") for each in found.values()
    )
    _set_alive(database_url)
    _, found = _ask(settings)
    failed = {name for name, each in found.items() if each["state"] == "fail"}
    assert (failed, found["ingest"]["text"]) == ({"settings"}, "1 at work")
    assert found["emergency"]["state"] == "warn"
    assert found["migrations"]["state"] == found["clock"]["state"] == "ok"
    (tmp_path / "secret.key").write_text("open to all")
    (tmp_path / "secret.key").chmod(0o644)
    settings["PARKPULSE_DISK_STOP_MB"] = "1000000000"
    code, found = _ask(settings)
    assert code == 1
    assert found["secrets"]["remedy"] == f"chmod 600 {tmp_path / 'secret.key'}"
    assert "the broker keeps them" in found["disk"]["text"]


AT_WORK = Worker("ingest-1", NOW, NOW, True, 0, 7, workers=2)  # noqa: FBT003 - a row


@pytest.mark.parametrize(
    ("rows", "wanted", "state", "told"),
    [
        ([AT_WORK._replace(workers=1)], 1, "ok", "1 in all"),
        ([AT_WORK, AT_WORK._replace(writer="ingest-2")], 2, "ok", "2 in all"),
        ([AT_WORK], 2, "warn", "ingest-2 does not run"),
        ([AT_WORK, AT_WORK._replace(writer="ingest-2")], 1, "fail", "there run"),
        ([AT_WORK._replace(workers=1)], 2, "fail", "ingest-1 of 1"),
        ([AT_WORK._replace(workers=1, writer="ingest-2")], 1, "fail", "ingest-2 of 1"),
        ([AT_WORK._replace(workers=1), GONE], 1, "fail", "ingest-9 ended without"),
    ],
)
def test_workers_agree_on_how_many_they_are(
    rows: list[Worker], wanted: int, state: str, told: str
) -> None:
    _, found = service.ingest(rows, wanted)
    assert (found.name, found.state) == ("ingest workers", state)
    assert told in found.text


def test_what_is_not_there_is_told(
    empty_database_url: str, settings: dict[str, str], broker: BrokerServer
) -> None:
    settings["PARKPULSE_DATABASE_URL"] = empty_database_url
    _, found = _ask(settings)
    assert found["migrations"]["remedy"] == "run 'parkpulse db migrate'"
    assert "ingest" not in found
    broker.stop()
    settings["PARKPULSE_DATABASE_URL"] = "postgresql://127.0.0.1:1/none"
    _, found = _ask(settings)
    assert found["broker"]["state"] == found["database"]["state"] == "fail"
    _, found = _ask({**settings, "PARKPULSE_NO_SUCH": "1"})
    assert found["configuration"]["state"] == "fail"


def test_wrong_passwords_and_a_foreign_program_on_the_page_s_port(
    database_url: str, settings: dict[str, str], broker: BrokerServer
) -> None:
    parts = urlsplit(database_url)
    wrong = parts._replace(
        netloc=f"{parts.username}:hidden@{parts.netloc.split('@')[1]}"
    )
    settings["PARKPULSE_DATABASE_URL"] = urlunsplit(wrong)
    settings["PARKPULSE_MQTT_URL"] = f"mqtt://parkpulse:hidden@127.0.0.1:{broker.port}"
    with socketserver.TCPServer(
        ("127.0.0.1", 0), http.server.BaseHTTPRequestHandler
    ) as other:
        threading.Thread(target=other.serve_forever).start()
        settings["PARKPULSE_PORT"] = str(other.server_address[1])
        _, found = _ask(settings)
        other.shutdown()
    assert "hidden" not in json.dumps(found)
    assert "refuses the login" in found["database"]["text"]
    assert "user and password in PARKPULSE_MQTT_URL" in found["broker"]["remedy"]
    assert "used by another program" in found["page port"]["text"]


def test_what_leaves_the_machine_in_the_clear() -> None:
    urls = {"database": "postgresql://u@db.example/x", "broker": "mqtt://127.0.0.1:1"}
    (found,) = machine.links("127.0.0.1", None, urls)
    assert "database at db.example" in found.text
    urls["database"] += "?sslmode=verify-full"
    assert machine.links("127.0.0.1", None, urls)[0].state == "ok"
    assert machine.links("0.0.0.0", None, urls)[0].state == "warn"  # noqa: S104 - only named
    shown = machine.links("0.0.0.0", "https://park.example", urls)  # noqa: S104 - only named
    assert shown[0].state == "ok"


def test_an_old_python_fails() -> None:
    assert machine.python((3, 10, 1)).state == "fail"


def test_a_clock_that_stands_keeps_everything() -> None:
    assert (
        service.held({"harbour": NOW, "replay": NOW - timedelta(days=29)}, NOW) is None
    )
    found = service.held({"harbour": NOW, "replay": NOW - timedelta(days=31)}, NOW)
    assert found is not None
    assert "'replay'" in found.text


def test_lag_and_deliveries() -> None:
    figures: dict[str, Samples] = {
        "parkpulse_engine_processes": [(("alerts",), 1.0), (("figures",), 1.0)],
        "parkpulse_consumer_lag_seconds": [(("alerts",), 90.0), (("kpis",), 1.0)],
        "parkpulse_outbox_overdue_seconds": [((), 400.0)],
    }
    found = {each.name: each for each in service.told(figures)}
    assert found["lag"].text == "behind: alerts 90 s"
    assert found["deliveries"].state == "fail"
    figures["parkpulse_outbox_overdue_seconds"] = [((), 0.0)]
    figures["parkpulse_outbox_messages"] = [(("dead",), 3.0)]
    figures["parkpulse_channels_failing"] = [((), 0.0)]
    found = {each.name: each for each in service.told(figures)}
    assert found["deliveries"].text.startswith("3 messages given up")
