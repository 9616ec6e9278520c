"""The thread that keeps the live table and tells all who look at a park."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from parkpulse.errors import StoreError
from parkpulse.store import alerts, batchlog, kpis, pool, registry_news

if TYPE_CHECKING:
    from api.feed import Feed
    from parkpulse.query.tail import Tail
    from parkpulse.store.pool import Connection, Database

PACE_S = 1.0
"""Most time between two polls, and least between two frames of a stream. [s]"""
_ATTENTION_S = 0.2
"""Within this time the thread sees that it shall stop. [s]"""
_CHANNELS = (batchlog.CHANNEL, registry_news.CHANNEL, alerts.CHANNEL, kpis.CHANNEL)
_log = logging.getLogger(__name__)


class Follower:
    """Polls the database once a second, or as soon as it tells of something.

    Parameters
    ----------
    database
        What is followed.
    tail
        Keeps the present.
    feed
        Tells it to the open streams.
    """

    def __init__(self, database: Database, tail: Tail, feed: Feed) -> None:
        self._database = database
        self._tail = tail
        self._feed = feed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._following = False

    @property
    def is_following(self) -> bool:
        """Whether what this process knows is that of the last seconds."""
        return self._following

    def start(self) -> None:
        """Begin to follow; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End within the time of a poll."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except StoreError as error:
                _log.warning("live values are not followed: %s", error)
                self._following = False
                self._stop.wait(PACE_S)

    def _follow(self) -> None:
        with self._database.listen(*_CHANNELS) as listener:
            with self._database.transaction() as conn:
                self._tail.seed(conn)
            self._feed.catch_up()
            while not self._stop.is_set():
                began = time.monotonic()
                told = self._step(began)
                self._following = True
                self._pause(listener, began if told else None)

    def _step(self, now_s: float) -> bool:
        with self._database.transaction() as conn:
            self._tail.step(conn, now_s)
            return self._feed.tell(conn, now_s)

    def _pause(self, listener: Connection, told_at: float | None) -> None:
        """Wait for news; after a frame as long as the pace of the streams asks."""
        until = time.monotonic() + PACE_S
        if told_at is not None:
            self._stop.wait(told_at + PACE_S - time.monotonic())
            until = 0.0
        while not self._heard(listener, until - time.monotonic()):
            if self._stop.is_set() or time.monotonic() >= until:
                return

    def _heard(self, listener: Connection, wait_s: float) -> bool:
        """Take notice of notifications; whether there were any."""
        found = pool.notified(listener, min(max(wait_s, 0.0), _ATTENTION_S))
        for channel, payload in found:
            if channel == registry_news.CHANNEL:
                self._tail.expect_registry()
            if channel == alerts.CHANNEL:
                self._feed.expect_alert(payload)
            if channel == kpis.CHANNEL:
                self._feed.expect_kpi(payload)
        return bool(found)
