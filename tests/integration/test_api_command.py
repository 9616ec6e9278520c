"""`parkpulse api` as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from parkpulse.services import ports
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
_WITHIN_S = 30


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(**settings: str) -> subprocess.Popen[str]:
        names = {f"PARKPULSE_{name}": value for name, value in settings.items()}
        environment = {**os.environ, "PARKPULSE_HOME": str(tmp_path), **names}
        child = subprocess.Popen(
            [COMMAND, "api"], env=environment, stderr=subprocess.PIPE, text=True
        )
        started.append(child)
        return child

    yield begin
    for child in started:
        child.kill()
        child.communicate()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health").is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_stops(
    start: Callable[..., subprocess.Popen[str]],
    database_url: str,
    number: signal.Signals,
) -> None:
    port = ports.free()
    child = start(DATABASE_URL=database_url, PORT=str(port))
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(url), _WITHIN_S)
    wait_until(lambda: httpx.get(f"{url}/api/v1/ready").is_success, _WITHIN_S)
    assert httpx.get(f"{url}/api/v1/parks").json() == {"items": [], "next": None}
    child.send_signal(number)
    _, errors = child.communicate(timeout=_WITHIN_S)
    assert child.returncode == 0, errors
    assert "Traceback" not in errors


def test_an_open_host_is_tried(
    start: Callable[..., subprocess.Popen[str]], database_url: str
) -> None:
    """The address is one for documentation, which no machine has."""
    child = start(DATABASE_URL=database_url, HOST="192.0.2.1", OPEN_HOST="true")
    _, errors = child.communicate(timeout=_WITHIN_S)
    assert child.returncode == 1
    (sentence,) = errors.splitlines()
    assert "cannot listen at 192.0.2.1" in sentence


def test_it_answers_to_its_public_name(
    start: Callable[..., subprocess.Popen[str]], database_url: str
) -> None:
    port = ports.free()
    public = "https://park.example"
    start(DATABASE_URL=database_url, PORT=str(port), PUBLIC_URL=public)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(url), _WITHIN_S)
    foreign = httpx.get(f"{url}/api/v1/health", headers={"Host": "evil.example"})
    assert foreign.status_code == 421
    own = httpx.get(f"{url}/api/v1/health", headers={"Host": "park.example"})
    assert own.status_code == 200


def test_a_port_that_is_taken_is_named(
    start: Callable[..., subprocess.Popen[str]], database_url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        child = start(DATABASE_URL=database_url, PORT=port)
        _, errors = child.communicate(timeout=_WITHIN_S)
    assert child.returncode == 1
    (sentence,) = errors.splitlines()
    assert port in sentence
    assert "PARKPULSE_PORT" in sentence


def test_a_database_that_is_away_is_one_sentence(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    url = f"postgresql://nobody:hidden@127.0.0.1:{ports.free()}/none"
    child = start(DATABASE_URL=url, PORT=str(ports.free()))
    _, errors = child.communicate(timeout=_WITHIN_S)
    assert child.returncode == 1
    (sentence,) = errors.splitlines()
    assert sentence.startswith("parkpulse: the database does not answer (")
    assert "hidden" not in sentence
