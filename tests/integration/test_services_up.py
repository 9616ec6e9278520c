"""`parkpulse up` with all real processes."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parkpulse.services import locks, ports
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
READY = "Parkpulse is ready"
PROCESSES = ("engine", "notify", "ingest --worker 1", "api")


class Up:
    """One home in which `parkpulse up` runs, again and again."""

    def __init__(self, home: Path, cache: Path) -> None:
        self.home = home
        self.port = ports.free()
        self.environment = {
            **os.environ,
            "PARKPULSE_HOME": str(home),
            "PARKPULSE_CACHE": str(cache),
            "PARKPULSE_DATABASE_PORT": str(ports.free()),
            "PARKPULSE_MQTT_PORT": str(ports.free()),
        }
        self.output = home.parent / "output"
        self.running: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        return [COMMAND, "up", "--port", str(self.port)]

    def start(self) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            self.running = subprocess.Popen(
                self.command(),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until(self._is_ready, 120.0)
        return self.running

    def _is_ready(self) -> bool:
        printed = self.output.read_text()
        assert self.running is not None
        assert self.running.poll() is None, printed
        return READY in printed

    def processes(self) -> dict[str, int]:
        """Process ids by the words of their command line."""
        found = {}
        for folder in Path("/proc").iterdir():
            try:
                words = (folder / "cmdline").read_text().split("\0")
                environment = (folder / "environ").read_text().split("\0")
            except OSError:
                continue
            if f"PARKPULSE_HOME={self.home}" in environment and COMMAND in words:
                after = words[words.index(COMMAND) + 1 :]
                found[" ".join(after).strip()] = int(folder.name)
        return found

    def servers(self) -> dict[str, int]:
        """Process ids of the database and the broker, while they run."""
        endings = {"database": "postgresql.conf", "broker": "mosquitto.conf"}
        found = {}
        for folder in Path("/proc").iterdir():
            try:
                words = (folder / "cmdline").read_text().split("\0")
            except OSError:
                continue
            for name, ending in endings.items():
                if any(word.endswith(str(self.home / ending)) for word in words):
                    found[name] = int(folder.name)
        return found

    def answers(self, setting: str) -> bool:
        return ports.answers(int(self.environment[setting]))

    def services(self, *words: str) -> str:
        return subprocess.run(
            [COMMAND, "services", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def end(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)
            self.running.wait(120)


@pytest.fixture
def up(server_home: Path, servers_cache: Path) -> Iterator[Up]:
    made = Up(server_home / "home", servers_cache)
    yield made
    made.end()
    made.services("stop")


def test_everything_starts_stops_and_starts_again(up: Up) -> None:
    running = up.start()
    assert set(PROCESSES) <= set(up.processes())
    assert f"http://127.0.0.1:{up.port}" in up.output.read_text()
    assert ports.answers(up.port)
    running.send_signal(signal.SIGINT)
    assert running.wait(120) == 0
    assert up.processes() == {}
    assert not ports.answers(up.port)
    assert not (up.home / "running.json").exists()
    assert up.output.read_text().endswith("Stopped · 已停止\n")
    assert "by force" not in up.output.read_text()
    up.start()


def test_a_second_one_in_the_same_home_is_refused(up: Up) -> None:
    up.start()
    second = subprocess.run(
        up.command(), env=up.environment, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert "set PARKPULSE_HOME to another folder" in second.stderr
    stop = subprocess.run(
        [COMMAND, "services", "stop"],
        env=up.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert stop.returncode == 1
    assert "stop that with Ctrl-C" in stop.stderr
    assert set(PROCESSES) <= set(up.processes())


def test_whatever_is_killed_comes_back(up: Up) -> None:
    up.start()
    before = {**up.processes(), **up.servers()}
    for name in (*PROCESSES, "broker", "database"):
        os.kill(before[name], signal.SIGKILL)
        wait_until(functools.partial(_is_new, up, name, before[name]), 150.0)
    for setting in ("PARKPULSE_DATABASE_PORT", "PARKPULSE_MQTT_PORT"):
        wait_until(functools.partial(up.answers, setting), 150.0)
    told = up.output.read_text()
    for name in ("engine", "notify", "ingest-1", "api", "broker", "database"):
        assert f"{name} ended by SIGKILL, starting it again in 1 s" in told


def _is_new(up: Up, name: str, killed: int) -> bool:
    return {**up.processes(), **up.servers()}.get(name, killed) != killed


def test_nothing_outlives_a_killed_one_and_it_starts_again_at_once(up: Up) -> None:
    running = up.start()
    running.kill()
    running.wait()
    up.start()  # while what was left is still stopping
    lock = up.home / "services.lock"
    assert locks.holder(lock) == up.running.pid if up.running else False
    assert set(PROCESSES) <= set(up.processes())


def test_it_uses_servers_that_run_already(up: Up) -> None:
    up.services("start")
    running = up.start()
    assert "run already" in up.output.read_text()
    running.send_signal(signal.SIGTERM)
    assert running.wait(120) == 0
    assert json.loads(up.services("status", "--json"))["database_answers"] is True
