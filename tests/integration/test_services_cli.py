"""The commands as a person runs them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from parkpulse.services import account, locks, ports, process
from parkpulse.services.database import Database
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.services.servers import Servers
    from tests.plugins.fix_services import BrokerServer

COMMAND = str(Path(sys.executable).with_name("parkpulse"))


class Shell:
    """Runs the command with a home of its own."""

    def __init__(self, home: Path, cache: Path) -> None:
        self.home = home
        self.environment = {
            **os.environ,
            "PARKPULSE_HOME": str(home),
            "PARKPULSE_CACHE": str(cache),
            "PARKPULSE_DATABASE_PORT": str(ports.free()),
            "PARKPULSE_MQTT_PORT": str(ports.free()),
            "PARKPULSE_PORT": str(ports.free()),
        }

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            [COMMAND, *words],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout

    def background(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.home.parent / "output").open("ab") as output:
            return subprocess.Popen(
                [COMMAND, *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def kill_runner(self) -> None:
        lock = self.home / "services.lock"
        runner = locks.holder(lock)
        assert runner is not None
        os.kill(runner, signal.SIGKILL)
        wait_until(lambda: locks.holder(lock) is None)

    def status(self) -> dict[str, object]:
        code, printed = self.run("services", "status", "--json")
        assert code == 0, printed
        loaded = json.loads(printed)
        assert isinstance(loaded, dict)
        return loaded


@pytest.fixture
def shell(server_home: Path, servers_cache: Path) -> Iterator[Shell]:
    made = Shell(server_home / "home", servers_cache)
    yield made
    made.run("services", "stop")


def test_services_start_status_and_stop(shell: Shell) -> None:
    assert shell.run("services", "stop") == (0, "They do not run.\n")
    assert shell.status()["running"] is False
    code, printed = shell.run("services", "start")
    assert code == 0, printed
    status = shell.status()
    assert status["running"] is True
    assert status["database_answers"] is True
    assert status["mqtt_answers"] is True
    assert shell.run("services", "start") == (0, "They run already.\n")
    assert shell.run("services", "stop") == (0, "They are stopped.\n")
    assert shell.status()["running"] is False


def test_nothing_to_start_is_one_sentence(shell: Shell) -> None:
    own = {
        "PARKPULSE_DATABASE_URL": "postgresql://u@127.0.0.1/x",
        "PARKPULSE_MQTT_URL": "mqtt://127.0.0.1",
    }
    for word in ("start", "run"):
        code, printed = shell.run("services", word, **own)
        assert code == 1
        assert "unset one to start a private one" in printed


def test_other_commands_find_the_running_database(shell: Shell) -> None:
    code, printed = shell.run("db", "status")
    assert code == 1
    assert "start one with 'parkpulse services start'" in printed
    shell.run("services", "start")
    before = json.loads(shell.run("db", "status", "--json")[1])
    assert len(before["pending"]) == before["migrations"] > 0
    assert shell.run("db", "migrate")[0] == 0
    after = json.loads(shell.run("db", "status", "--json")[1])
    assert after["pending"] == []
    url = shell.run("db", "url")[1].strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from park").fetchone() == (0,)


def test_data_outlives_a_killed_runner(shell: Shell) -> None:
    shell.run("services", "start")
    url = shell.run("db", "url")[1].strip()
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (n int)")
    shell.kill_runner()
    # At once: its servers are still stopping.
    assert shell.run("services", "start")[0] == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_the_servers_end_with_a_killed_runner(shell: Shell) -> None:
    shell.run("services", "start")
    shell.kill_runner()
    with locks.trying(shell.home / "services.lock") as hold:
        assert hold is not None
    assert not ports.answers(int(shell.environment["PARKPULSE_DATABASE_PORT"]))
    assert not ports.answers(int(shell.environment["PARKPULSE_MQTT_PORT"]))


def test_ctrl_c_stops_the_foreground_cleanly(shell: Shell) -> None:
    runner = shell.background("services", "run")
    wait_until((shell.home / "running.json").exists, 60.0)
    runner.send_signal(signal.SIGINT)
    assert runner.wait(120) == 0
    assert not (shell.home / "running.json").exists()
    log = "".join(
        path.read_text() for path in (shell.home / "database" / "log").iterdir()
    )
    assert "database system is shut down" in log
    assert (shell.home / "broker" / "sessions.db").exists()


def test_secrets_are_readable_by_their_owner_only(shell: Shell) -> None:
    shell.run("services", "start")
    secrets = [*shell.home.glob("*.password"), *shell.home.glob("mosquitto.access/*")]
    secrets.append(shell.home / "running.json")
    assert len(secrets) == 8
    for path in secrets:
        assert path.stat().st_mode & 0o077 == 0, path
    words = {
        (shell.home / name).read_text().strip()
        for name in ("database.password", "superuser.password", "broker.password")
    }
    shown = "".join(
        Path(f"/proc/{pid}/cmdline").read_text()
        for pid in os.listdir("/proc")  # noqa: PTH208 - numbers, no paths
        if pid.isdigit() and Path(f"/proc/{pid}/cmdline").exists()
    )
    logs = "".join(path.read_text() for path in (shell.home / "logs").iterdir())
    assert not [word for word in words if word in shown + logs]


@pytest.mark.parametrize("command", [("services", "start"), ("up",)])
@pytest.mark.parametrize("setting", ["PARKPULSE_DATABASE_PORT", "PARKPULSE_MQTT_PORT"])
def test_a_taken_port_is_one_sentence(
    shell: Shell, command: tuple[str, ...], setting: str, broker: BrokerServer
) -> None:
    code, printed = shell.run(*command, **{setting: str(broker.port)})
    assert code == 1
    last = printed.strip().splitlines()[-1]
    assert last.startswith("parkpulse: ")
    assert f"set {setting} to another port" in last


def test_a_taken_page_port_is_told_before_anything_starts(
    shell: Shell, broker: BrokerServer
) -> None:
    code, printed = shell.run("up", PARKPULSE_PORT=str(broker.port))
    assert code == 1
    assert "set PARKPULSE_PORT to another port" in printed
    assert not (shell.home / "database").exists()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PARKPULSE_DATABASE_URL": "postgresql://u:hidden@127.0.0.1:9/x"}, "database"),
        ({"PARKPULSE_MQTT_URL": "http://u:hidden@127.0.0.1"}, "must look like mqtt://"),
        ({"PARKPULSE_MQTT_URL": "mqtt://u:hidden@127.0.0.1:9"}, "does not answer"),
        ({"PARKPULSE_HOME": "/dev/null/x"}, "set PARKPULSE_HOME to a folder"),
        ({"PARKPULSE_HOME": "/dev/a'b"}, "set PARKPULSE_HOME to another folder"),
        ({"PARKPULSE_PORT": "0"}, "port"),
        ({"PARKPULSE_PROT": "1"}, "PARKPULSE_PROT"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    shell: Shell, environment: dict[str, str], expected: str
) -> None:
    code, printed = shell.run("up", **environment)
    assert code == 1
    last = printed.strip().splitlines()[-1]
    assert last.startswith("parkpulse: ")
    assert expected in last
    assert "hidden" not in printed


def test_a_server_without_timescaledb_is_one_sentence(
    shell: Shell, plain_database: str
) -> None:
    code, printed = shell.run("up", PARKPULSE_DATABASE_URL=plain_database)
    assert code == 1
    assert "no timescaledb extension: install TimescaleDB" in printed


@pytest.fixture
def plain_database(programs: Servers, server_home: Path) -> Iterator[str]:
    """URL of a PostgreSQL that has no TimescaleDB to offer."""
    version = programs.postgres.parent
    usr = version.parents[2]
    share = usr / "share/postgresql" / version.name
    copy = server_home / "usr"
    for part in (version, share):
        shutil.copytree(part, copy / part.relative_to(usr), symlinks=True)
    share_copy = copy / share.relative_to(usr)
    (share_copy / "extension" / "timescaledb.control").unlink()
    bin_copy = copy / programs.postgres.relative_to(usr)
    user = account.unprivileged(server_home / "database")
    served = Database(bin_copy, server_home, ports.free(), user)
    served.prepare()
    child = process.start(served.program(), subprocess.DEVNULL)
    wait_until(served.ready, 60.0)
    yield served.superuser_url
    child.send_signal(signal.SIGINT)
    child.wait(60)
