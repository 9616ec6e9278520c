"""The engine ends even while a thread is amid something long."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from parkpulse.engine import process
from parkpulse.engine.process import Engine
from parkpulse.errors import StoreUnavailableError

if TYPE_CHECKING:
    import pytest


class _Nothing:
    """Neither leases nor a database."""

    def renew(self) -> None:
        pass

    def run(self, stop: threading.Event) -> None:
        stop.wait()

    def listen(self, channel: str) -> None:
        raise StoreUnavailableError(channel)


def test_a_long_load_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_END_WITHIN_S", 0.05)
    is_loading, may_end = threading.Event(), threading.Event()

    def load(_: threading.Event) -> None:
        is_loading.set()
        may_end.wait()

    nothing: Any = _Nothing()
    engine = Engine(nothing, nothing, [], [load])
    running = threading.Thread(target=engine.run)
    running.start()
    is_loading.wait()
    engine.stop()
    running.join(30)
    assert not running.is_alive()
    may_end.set()
