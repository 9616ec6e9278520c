"""What the push end-point needs at hand: accounts, and a connection to the broker."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
import time
from typing import TYPE_CHECKING

from parkpulse import bus
from parkpulse.errors import BrokerError, ConfigError, StoreError
from parkpulse.store import push_accounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parkpulse.store.pool import Database
    from parkpulse.store.push_accounts import PushAccount

log = logging.getLogger(__name__)

EVERY_S = 5.0
"""How often the accounts are read anew. [s]"""
ANSWER_WITHIN_S = 3.0
"""How long a message waits for the broker: OneNET wants its answer within 5 s. [s]"""
_ROOM_WITHIN_S = 1.0
_STOP_WITHIN_S = 2.0
_WINDOW = 200
_FIRST_EVERY_S = 1.0


def token_hash(token: str) -> bytes:
    """Return what is stored of a token: its SHA-256."""
    return hashlib.sha256(token.encode()).digest()


class Accounts:
    """The accounts as last read; they serve on while the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Mapping[tuple[str, bytes], PushAccount] | None = None

    @property
    def are_known(self) -> bool:
        """Whether they have been read at all."""
        return self._known is not None

    def refresh(self) -> None:
        """Read them; raises StoreError."""
        with self._database.transaction() as conn:
            rows = push_accounts.listed(conn)
        self._known = {(each.platform, each.token_hash): each for each in rows}

    def find(self, platform: str, token: str) -> PushAccount | None:
        """Return the account of a token."""
        return (self._known or {}).get((platform, token_hash(token)))


class Courier:
    """Hands messages to the broker, and keeps both ends fresh in a thread of its own.

    Parameters
    ----------
    accounts
        Read anew every few seconds.
    mqtt_url
        The broker; None: there is none, nothing is taken.
    """

    def __init__(self, accounts: Accounts, mqtt_url: str | None) -> None:
        self._accounts = accounts
        self._url = mqtt_url
        self._publisher: bus.Publisher | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)

    def start(self) -> None:
        """Begin to connect and to read the accounts."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the broker."""
        self._ending.set()
        # It may be waiting for a broker that does not answer; that holds nobody up.
        self._thread.join(_STOP_WITHIN_S)
        if self._publisher is not None:
            self._publisher.close()

    def deliver(self, topic: str, payload: bytes) -> bus.State:
        """Hand a message to the broker and wait for its word.

        PENDING when it is away or silent: the message may come through or not, and is
        to be sent again.
        """
        publisher = self._publisher
        if publisher is None or not publisher.connected:
            return bus.State.PENDING
        try:
            receipt = publisher.publish(topic, payload)
        except BrokerError as error:
            log.warning("%s", error)
            return bus.State.PENDING
        return publisher.wait(receipt, ANSWER_WITHIN_S)

    def deliver_all(self, messages: Iterable[tuple[str, bytes]]) -> set[bus.State]:
        """Hand many messages over, as (topic, payload); return what became of them."""
        publisher = self._publisher
        if publisher is None or not publisher.connected:
            return {bus.State.PENDING}
        try:
            receipts = [publisher.publish(*each) for each in messages]
        except BrokerError as error:
            log.warning("%s", error)
            return {bus.State.PENDING}
        until = time.monotonic() + ANSWER_WITHIN_S
        return {
            publisher.wait(each, max(0.0, until - time.monotonic()))
            for each in receipts
        }

    def _run(self) -> None:
        while True:
            self._connect()
            with contextlib.suppress(StoreError):
                self._accounts.refresh()
            is_ready = self._publisher is not None and self._accounts.are_known
            if self._ending.wait(EVERY_S if is_ready else _FIRST_EVERY_S):
                return

    def _connect(self) -> None:
        """Connect once; the publisher takes a lost connection up again itself."""
        if self._publisher is not None or self._url is None:
            return
        try:
            publisher = bus.Publisher(
                self._url, window=_WINDOW, patience_s=_ROOM_WITHIN_S
            )
            publisher.open()
        except (BrokerError, ConfigError) as error:
            log.debug("no broker for the push end-point yet: %s", error)
        else:
            self._publisher = publisher
