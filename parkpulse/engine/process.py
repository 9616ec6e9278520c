"""One engine process: a thread for the leases, one for news, one for each consumer."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from parkpulse.errors import StoreError
from parkpulse.model import structs
from parkpulse.store import pool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parkpulse.engine.lease import LeaseKeeper
    from parkpulse.engine.loop import Loop
    from parkpulse.store.pool import Database

_LISTEN_S = 1.0
_RETRY_S = 2.0
_END_WITHIN_S = 5.0
"""A transaction that takes longer, such as the load of a million series, is given up.

Nothing is lost: positions are committed with what follows from them. [s]
"""
_log = logging.getLogger(__name__)


class Engine:
    """Runs loops until stopped; the end of any thread ends them all.

    Parameters
    ----------
    database
        For the listener's own connection.
    keeper
        Holds the slots.
    loops
        One for each consumer.
    chores
        Other things to run until stopped, such as retention.
    """

    def __init__(
        self,
        database: Database,
        keeper: LeaseKeeper,
        loops: Sequence[Loop],
        chores: Sequence[Callable[[threading.Event], None]] = (),
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._wakes = [loop.wake for loop in loops if loop.wake is not None]
        self._tasks = [keeper.run, self._listen, *(loop.run for loop in loops), *chores]
        self._stop = threading.Event()
        self._failed: BaseException | None = None

    def stop(self) -> None:
        """Let every thread finish its transaction and end, if that is soon."""
        self._stop.set()
        self._wake_all()

    def run(self) -> None:
        """Work until `stop`; raises what a thread died of."""
        structs.prepare()
        self._keeper.renew()
        threads = [
            threading.Thread(target=self._guard, args=(task,), daemon=True)
            for task in self._tasks
        ]
        for thread in threads:
            thread.start()
        self._stop.wait()
        last = time.monotonic() + _END_WITHIN_S
        for thread in threads:
            thread.join(max(0.0, last - time.monotonic()))
        if any(thread.is_alive() for thread in threads):
            _log.warning("ended amid a transaction, which is rolled back")
        if self._failed is not None:
            raise self._failed

    def _guard(self, task: Callable[[threading.Event], None]) -> None:
        try:
            task(self._stop)
        except BaseException as error:  # noqa: BLE001 - raised again by run()
            self._failed = error
        self.stop()

    def _listen(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._forward(stop)
            except StoreError as error:
                _log.warning("not listening for batches: %s", error)
                stop.wait(_RETRY_S)

    def _forward(self, stop: threading.Event) -> None:
        with self._database.listen("batch") as conn:
            # What came before is looked at now, not after the next poll.
            self._wake_all()
            while not stop.is_set():
                if pool.wait_for_notification(conn, _LISTEN_S):
                    self._wake_all()

    def _wake_all(self) -> None:
        for wake in self._wakes:
            wake.set()
