"""The engine's second process lives as long as the first, and not longer."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from parkpulse.engine import companion
from parkpulse.engine.companion import Companion, Order
from parkpulse.errors import ServiceError

if TYPE_CHECKING:
    from pathlib import Path

ORDER = Order(
    database_url="postgresql://secret@nowhere/db",
    owner="one",
    page_url="http://page",
    raw_retention_days=90,
    log_level="INFO",
    log_format="text",
)
_READ = "import sys, pathlib; at = pathlib.Path(sys.argv[1]); pipe = sys.stdin.buffer\n"


def _use(monkeypatch: pytest.MonkeyPatch, at: Path, script: str) -> None:
    command = (sys.executable, "-c", _READ + script, str(at))
    monkeypatch.setattr(companion, "COMMAND", command)


def _wait_for(at: Path) -> None:
    until = time.monotonic() + 30
    while not at.exists() and time.monotonic() < until:
        time.sleep(0.01)


def test_it_gets_its_order_and_is_told_to_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at, ended = tmp_path / "order", tmp_path / "order.ended"
    script = (
        "line = pipe.readline(); part = at.with_suffix('.part')\n"
        "part.write_bytes(line); part.rename(at); pipe.read()\n"
        "at.with_suffix('.ended').touch()"
    )
    _use(monkeypatch, at, script)
    stop = threading.Event()
    running = threading.Thread(target=Companion(ORDER).run, args=(stop,))
    running.start()
    _wait_for(at)
    stop.set()
    running.join(30)
    assert ended.exists(), "the end of the pipe tells it"
    with at.open("rb") as pipe:
        assert companion.received(pipe) == ORDER


def test_its_end_is_the_end_of_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(companion, "_LOOK_S", 0.01)
    _use(monkeypatch, tmp_path, "sys.exit(3)")
    with pytest.raises(ServiceError, match="ended: 3"):
        Companion(ORDER).run(threading.Event())


def test_who_does_not_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(companion, "_END_WITHIN_S", 0.05)
    _use(monkeypatch, tmp_path, "import time; time.sleep(600)")
    stop = threading.Event()
    stop.set()
    running = threading.Thread(target=Companion(ORDER).run, args=(stop,), daemon=True)
    running.start()
    running.join(30)
    assert not running.is_alive()
