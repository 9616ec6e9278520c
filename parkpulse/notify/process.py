"""The process that empties the outbox."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import SystemRandom
from typing import TYPE_CHECKING

from parkpulse.errors import ConfigError, StoreError
from parkpulse.notify import schedule
from parkpulse.notify.delivery import TIMEOUT_S, Letter
from parkpulse.notify.schedule import Outcome, Step
from parkpulse.store import channels, outbox, pool

if TYPE_CHECKING:
    from concurrent.futures import Future

    from parkpulse.notify.delivery import Sender
    from parkpulse.notify.vault import Vault
    from parkpulse.store.outbox import Due
    from parkpulse.store.pool import Connection, Database

WORKERS = 16
PER_CHANNEL = 4
"""Messages of one channel that are under way at once."""
_LEASE_S = 2 * TIMEOUT_S
_GRACE_S = 5.0
_POLL_S = 1.0
_RETRY_S = 2.0
_log = logging.getLogger(__name__)


class Notifier:
    """Claims what is due, sends it, and writes down what became of it.

    Several may run at once. One that is killed leaves its claims, which others take
    over when their lease ends: a message may then arrive twice, with the same id.
    """

    def __init__(self, database: Database, vault: Vault, sender: Sender) -> None:
        self._database = database
        self._vault = vault
        self._sender = sender
        self._random = SystemRandom()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._free = threading.Semaphore(WORKERS)
        self._failed: BaseException | None = None

    def stop(self) -> None:
        """Finish what is being sent and end."""
        self._stop.set()
        self._wake.set()

    def run(self) -> None:
        """Deliver until stopped; raises what a worker died of.

        An error of the database is waited out.
        """
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        with ThreadPoolExecutor(WORKERS) as executor:
            while not self._stop.is_set():
                if not self._hand_out(executor):
                    self._wake.wait(_POLL_S)
                    self._wake.clear()
            self._let_finish()
        listener.join()
        if self._failed is not None:
            raise self._failed

    def _let_finish(self) -> None:
        """Give what is under way a little time; what is cut off is sent again later."""
        ends = time.monotonic() + _GRACE_S
        for _ in range(WORKERS):
            if not self._free.acquire(timeout=max(0.0, ends - time.monotonic())):
                self._sender.cut_off()
                return

    def _hand_out(self, executor: ThreadPoolExecutor) -> bool:
        """Claim as many as there are free workers; False when nothing is due."""
        places = 0
        while places < WORKERS and self._free.acquire(blocking=False):
            places += 1
        due = self._claim(places) if places else []
        for _ in range(places - len(due)):
            self._free.release()
        for each in due:
            executor.submit(self._work, each).add_done_callback(self._note)
        return bool(due)

    def _note(self, done: Future[None]) -> None:
        # A fault of this program ends the process, which is seen and started again.
        if error := done.exception():
            self._failed = error
            self.stop()

    def _claim(self, limit: int) -> list[Due]:
        try:
            with self._database.transaction() as conn:
                return outbox.claim(conn, limit, PER_CHANNEL, _LEASE_S)
        except StoreError as error:
            _log.warning("the outbox cannot be read: %s", error)
            self._stop.wait(_RETRY_S)
            return []

    def _work(self, due: Due) -> None:
        try:
            self._deliver(due)
        except StoreError as error:
            _log.warning("what became of message %s is not written: %s", due.id, error)
        finally:
            self._free.release()
            self._wake.set()

    def _deliver(self, due: Due) -> None:
        outcome = self._send(due)
        step = schedule.step(outcome, due.attempts, due.age_s)
        with self._database.transaction() as conn:
            outbox.log(
                conn,
                outbox.Attempt(
                    due.id,
                    due.attempts,
                    outcome.status,
                    outcome.error,
                    outcome.duration_ms,
                ),
            )
            self._settle(conn, due, outcome, step)
        if step is not Step.DELIVERED:
            _log.warning(
                "message %s to channel %s: %s (%s)",
                due.id,
                due.channel,
                step.value,
                outcome.error or outcome.status,
            )

    def _send(self, due: Due) -> Outcome:
        try:
            secret = self._vault.unlock(due.secret)
        except ConfigError as error:
            return Outcome(None, str(error), None, 0.0)
        letter = Letter(str(due.id), due.url, secret, due.body.encode())
        return self._sender.send(letter)

    def _settle(self, conn: Connection, due: Due, outcome: Outcome, step: Step) -> None:
        match step:
            case Step.DELIVERED:
                outbox.finish(conn, due, "delivered")
                channels.recover(conn, due.channel_id)
            case Step.DEAD:
                outbox.finish(conn, due, "dead")
            case Step.GONE:
                channels.disable(conn, due.channel_id)
            case Step.RETRY:
                channels.recover(conn, due.channel_id)
                pause = schedule.pause_s(outcome, due.attempts, self._random)
                outbox.postpone(conn, due, pause)
            case Step.PAUSE:
                pause = schedule.pause_s(outcome, due.failures + 1, self._random)
                outbox.postpone(conn, due, pause)
                channels.pause(conn, due.channel_id, due.failures + 1, pause)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with self._database.listen(outbox.CHANNEL) as conn:
                    # What came before is claimed now, not after the next poll.
                    self._wake.set()
                    while not self._stop.is_set():
                        if pool.wait_for_notification(conn, _POLL_S):
                            self._wake.set()
            except StoreError as error:
                _log.warning("not listening for messages: %s", error)
                self._stop.wait(_RETRY_S)
