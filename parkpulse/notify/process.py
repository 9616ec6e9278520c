"""The process that empties the outbox."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import SystemRandom
from typing import TYPE_CHECKING

from parkpulse.errors import StoreError
from parkpulse.model import structs
from parkpulse.notify import batching, schedule
from parkpulse.notify.delivery import TIMEOUT_S
from parkpulse.notify.platforms import known
from parkpulse.notify.schedule import Step
from parkpulse.store import channels, claims, deliveries, outbox, pool

if TYPE_CHECKING:
    from concurrent.futures import Future

    from parkpulse.notify.delivery import Sender
    from parkpulse.notify.dispatch import Dispatcher, Sent
    from parkpulse.store.claims import Item, Parcel, Receiver
    from parkpulse.store.pool import Connection, Database

WORKERS = 16
PER_CHANNEL = 4
"""Messages of one channel that are under way at once."""
MOST_MERGED = 500
"""Messages that one digest holds."""
_LEASE_S = 2 * TIMEOUT_S
_SENT_KEPT = 100
_OWNERS = 2**62
_GRACE_S = 5.0
_POLL_S = 1.0
_RETRY_S = 2.0
_log = logging.getLogger(__name__)


class Notifier:
    """Claims what is due, sends it, and writes down what became of it.

    Several may run at once. The claims of one that is killed end with its connection to
    the database: others then send what it was sending, and a message may arrive twice,
    with the same id.
    """

    def __init__(
        self, database: Database, dispatcher: Dispatcher, sender: Sender
    ) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._sender = sender
        self._random = SystemRandom()
        self._owner: int | None = None
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._finished = threading.Event()
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
        structs.prepare()
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        with ThreadPoolExecutor(WORKERS) as executor:
            while not self._stop.is_set():
                if not self._hand_out(executor):
                    self._wake.wait(_POLL_S)
                    self._wake.clear()
            self._let_finish()
        self._finished.set()
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
        parcels = self._claim(places) if places else []
        for _ in range(places - len(parcels)):
            self._free.release()
        for each in parcels:
            executor.submit(self._work, each).add_done_callback(self._note)
        return bool(parcels)

    def _note(self, done: Future[None]) -> None:
        # A fault of this program ends the process, which is seen and started again.
        if error := done.exception():
            self._failed = error
            self.stop()

    def _claim(self, limit: int) -> list[Parcel]:
        owner = self._owner
        if owner is None:
            return []  # until the connection stands that the claims live by
        try:
            with self._database.transaction() as conn:
                single = claims.claim(conn, owner, limit, PER_CHANNEL, _LEASE_S)
                return single + self._merged(conn, owner, limit - len(single))
        except StoreError as error:
            _log.warning("the outbox cannot be read: %s", error)
            self._stop.wait(_RETRY_S)
            return []

    def _merged(self, conn: Connection, owner: int, most: int) -> list[Parcel]:
        """Claim for channels that people read, each within its limit."""
        found = claims.queues(
            conn,
            most=most,
            flood=batching.FLOOD,
            within_s=batching.FLOOD_S,
            limit=MOST_MERGED,
        )
        parcels = []
        for queue in found:
            windows = known.windows(queue.receiver.kind)
            allowed = batching.budget(windows, queue.sent, queue.now)
            chosen = batching.choose(queue, allowed)
            if chosen:
                claims.note_sent(conn, queue.receiver.id, _SENT_KEPT)
                parcels.append(claims.take(conn, owner, queue, chosen, _LEASE_S))
        return parcels

    def _work(self, parcel: Parcel) -> None:
        try:
            self._deliver(parcel)
        except StoreError as error:
            _log.warning(
                "what became of message %s is not written: %s",
                parcel.items[0].id,
                error,
            )
        finally:
            self._free.release()
            self._wake.set()

    def _deliver(self, parcel: Parcel) -> None:
        sent = self._dispatcher.send(parcel)
        with self._database.transaction() as conn:
            deliveries.log(conn, [_attempt(each, sent) for each in parcel.items])
            for each in parcel.items:
                self._settle(conn, parcel.receiver, each, sent)

    def _settle(
        self, conn: Connection, receiver: Receiver, item: Item, sent: Sent
    ) -> None:
        outcome = sent.outcome
        step = schedule.step(outcome, item.attempts, item.age_s)
        match step:
            case Step.DELIVERED:
                claims.finish(conn, item, "delivered")
                channels.recover(conn, receiver.id)
            case Step.DEAD:
                claims.finish(conn, item, "dead")
            case Step.GONE:
                channels.disable(conn, receiver.id)
            case Step.RETRY:
                channels.recover(conn, receiver.id)
                pause = schedule.pause_s(outcome, item.attempts, self._random)
                claims.postpone(conn, item, pause)
            case Step.PAUSE:
                pause = schedule.pause_s(outcome, receiver.failures + 1, self._random)
                claims.postpone(conn, item, pause)
                channels.pause(conn, receiver.id, receiver.failures + 1, pause)
        if step is not Step.DELIVERED:
            _log.warning(
                "message %s to channel %s: %s (%s)",
                item.id,
                receiver.name,
                step.value,
                outcome.error or outcome.status,
            )

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with self._database.listen(outbox.CHANNEL) as conn:
                    self._follow(conn)
            except StoreError as error:
                _log.warning("not listening for messages: %s", error)
                self._stop.wait(_RETRY_S)

    def _follow(self, conn: Connection) -> None:
        """Hold the claims of this process while the connection stands."""
        owner = self._random.randrange(_OWNERS)
        claims.hold(conn, owner)
        self._owner = owner
        # What came before is claimed now, not after the next poll.
        self._wake.set()
        try:
            while not self._stop.is_set():
                if pool.wait_for_notification(conn, _POLL_S):
                    self._wake.set()
        except StoreError:
            # Others may take what is under way: nothing more of it may be sent.
            self._owner = None
            self._sender.cut_off()
            raise
        self._finished.wait()


def _attempt(item: Item, sent: Sent) -> deliveries.Attempt:
    outcome = sent.outcome
    return deliveries.Attempt(
        item.id,
        item.attempts,
        outcome.status,
        outcome.error,
        outcome.duration_ms,
        sent.letter,
    )
