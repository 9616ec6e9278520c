"""All processes of Parkpulse, started by their real command lines on real servers.

chain    Chain: `start`, `kill`, `stop` (by name) of `ingest`, `engine`, `notify`
         and `api` (all started, API answering); `run(*words)` for other commands;
         `get(path)` and `post(path, body)` of the API; `database`, `broker`, `url`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from parkpulse.services import ports
from parkpulse.store.pool import Database
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.plugins.fix_services import BrokerServer

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
_WORDS = {
    "ingest": ("ingest", "--worker", "1"),
    "engine": ("engine",),
    "notify": ("notify",),
    "api": ("api",),
}
_WITHIN_S = 60.0


@dataclass
class Chain:
    """The service as `parkpulse up` would run it, on the test's own servers."""

    environment: Mapping[str, str]
    folder: Path
    url: str
    database: Database
    broker: BrokerServer
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [COMMAND, *_WORDS[name]],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def kill(self, name: str) -> None:
        child = self.running.pop(name)
        child.kill()
        child.wait()

    def stop(self, name: str) -> int:
        child = self.running.pop(name)
        child.send_signal(signal.SIGTERM)
        return child.wait(timeout=_WITHIN_S)

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [COMMAND, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def get(self, path: str, **query: str | float) -> Any:  # noqa: ANN401 - any JSON
        answer = httpx.get(f"{self.url}/api/v1{path}", params=query, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: object) -> httpx.Response:
        return httpx.post(f"{self.url}/api/v1{path}", json=body, timeout=30)

    def put(self, path: str, body: object) -> httpx.Response:
        return httpx.put(f"{self.url}/api/v1{path}", json=body, timeout=30)

    def delete(self, path: str) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        url = f"{self.url}/api/v1{path}"
        return httpx.delete(url, headers=headers, timeout=30)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v1/health").is_success
        except httpx.TransportError:
            return False

    def logs(self) -> str:
        files = sorted(self.folder.glob("*.log"))
        return "\n".join(f"== {file.name}\n{file.read_text()}" for file in files)


def _environment(database_url: str, broker_url: str, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PARKPULSE_HOME": str(home),
        "PARKPULSE_DATABASE_URL": database_url,
        "PARKPULSE_MQTT_URL": broker_url,
        "PARKPULSE_PORT": str(ports.free()),
        "PARKPULSE_WEBHOOK_ALLOW_PRIVATE": "true",
    }


@pytest.fixture
def chain(database_url: str, broker: BrokerServer, tmp_path: Path) -> Iterator[Chain]:
    environment = _environment(database_url, broker.url, tmp_path)
    database = Database(database_url, name="parkpulse test")
    database.open()
    url = f"http://127.0.0.1:{environment['PARKPULSE_PORT']}"
    running = Chain(environment, tmp_path, url, database, broker)
    try:
        for name in _WORDS:
            running.start(name)
        wait_until(running.answers, _WITHIN_S)
        yield running
    except BaseException:
        sys.stderr.write(running.logs())
        raise
    finally:
        codes = {name: running.stop(name) for name in list(running.running)}
        database.close()
    assert set(codes.values()) <= {0}, (codes, running.logs())
