"""Sends commands to local controllers, and records what they answer or do not.

A command goes out with its id and the time at which it is void; one that is sent twice
because this process was killed is the same command. What is written only follows what
the broker has said: nothing waits in memory for a broker that is away.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from parkpulse.bus import Publisher, State
from parkpulse.errors import BrokerError, StoreError
from parkpulse.model import response
from parkpulse.query import commands as query
from parkpulse.store import commands as store
from parkpulse.store import pool
from parkpulse.wire import commands as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parkpulse.store.commands import Ready
    from parkpulse.store.pool import Connection, Database

_POLL_S = 1.0
_RETRY_S = 2.0
_TAKEN_WITHIN_S = 5.0
_log = logging.getLogger(__name__)


class Commander:
    """Carries commands from the table to the broker; several may run at once.

    Parameters
    ----------
    database
        Where the commands are.
    mqtt_url
        Of the broker; None: no command can be sent, each is withdrawn when it expires.
    """

    def __init__(self, database: Database, mqtt_url: str | None) -> None:
        self._database = database
        self._mqtt_url = mqtt_url
        self._publisher: Publisher | None = None
        self._stop = threading.Event()

    def stop(self) -> None:
        """End after what is being sent."""
        self._stop.set()

    def run(self) -> None:
        """Work until stopped; an error of database or broker is waited out."""
        while not self._stop.is_set():
            try:
                with self._database.listen(store.CHANNEL) as conn:
                    self._follow(conn)
            except StoreError as error:
                _log.warning("commands wait: %s", error)
                self._stop.wait(_RETRY_S)
        self._hang_up()

    def _follow(self, conn: Connection) -> None:
        while not self._stop.is_set():
            self.step()
            pool.wait_for_notification(conn, _POLL_S)

    def step(self) -> None:
        """Record answers and what is overdue, then send what waits."""
        with self._database.transaction() as conn:
            for each in store.answered(conn):
                query.settle(
                    conn,
                    each.alert_id,
                    each.command,
                    each.result,
                    reason=each.reason,
                    late=each.is_late,
                )
            for command, alert_id in store.overdue(conn):
                query.settle(conn, alert_id, command, "timed_out")
        while self._send_next():
            pass

    def _send_next(self) -> bool:
        """Send or withdraw the oldest command that waits; False if there is none left.

        Its row stays locked meanwhile, so that another process sends others.
        """
        with self._database.transaction() as conn:
            ready = store.next_ready(conn)
            if ready is None:
                return False
            why = response.withdrawal(ready.outlook)
            if why is not None:
                query.settle(
                    conn, ready.alert_id, ready.command, "withdrawn", reason=why
                )
                return True
            if not self._publish(ready):
                return False
            store.mark_sent(conn, ready.command.id)
            return True

    def _publish(self, ready: Ready) -> bool:
        """Hand a command to the broker; whether it has taken it over."""
        command = ready.command
        payload = wire.encode(
            command.id, command.name, command.arguments, command.expires_at
        )
        topic = wire.topic(ready.park, command.device)
        try:
            publisher = self._connected()
            receipt = publisher.publish(
                topic, payload, expires_s=math.ceil(ready.remaining_s)
            )
            state = publisher.wait(receipt, _TAKEN_WITHIN_S)
        except BrokerError as error:
            _log.warning("command %s waits: %s", command.id, error)
            self._hang_up()
            return False
        if state is State.PENDING:
            # The client would send it whenever the broker is back.
            self._hang_up()
        return state in {State.TAKEN, State.UNMATCHED}

    def _connected(self) -> Publisher:
        if self._mqtt_url is None:
            message = "no broker is configured"
            raise BrokerError(message)
        if self._publisher is None or not self._publisher.connected:
            self._hang_up()
            publisher = Publisher(self._mqtt_url, patience_s=1.0)
            publisher.open()
            self._publisher = publisher
        return self._publisher

    def _hang_up(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
        self._publisher = None


@contextlib.contextmanager
def running(commander: Commander, failed: Callable[[], None]) -> Iterator[None]:
    """Run a commander beside something else, until that ends.

    Should the commander die, `failed` is called, and what it died of raised at the end.
    """
    with ThreadPoolExecutor(1) as executor:
        work = executor.submit(commander.run)
        work.add_done_callback(lambda _: failed())
        try:
            yield
        finally:
            commander.stop()
    work.result()
