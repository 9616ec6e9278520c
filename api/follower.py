"""The thread that keeps the live table and tells all who look at a park."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from parkpulse.errors import StoreError
from parkpulse.store import alerts, batchlog, kpis, pool, registry_news

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.feed import Feed
    from api.kept import Topic
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
    expect_change
        Told at once what the database notifies of.
    """

    def __init__(
        self,
        database: Database,
        tail: Tail,
        feed: Feed,
        expect_change: Callable[[Topic], None],
    ) -> None:
        self._database = database
        self._tail = tail
        self._feed = feed
        self._expect_change = expect_change
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
        latest = PACE_S + (time.monotonic() if told_at is None else told_at)
        while (left := latest - time.monotonic()) > 0 and not self._stop.is_set():
            if self._heard(listener, left) and told_at is None:
                return

    def _heard(self, listener: Connection, wait_s: float) -> bool:
        """Take notice of notifications; whether there were any."""
        found = pool.notified(listener, min(wait_s, _ATTENTION_S))
        for channel, payload in found:
            if channel == registry_news.CHANNEL:
                self._expect_change("registry")
                self._tail.expect_registry()
            if channel == alerts.CHANNEL:
                self._expect_change("alerts")
                self._feed.expect_alert(payload)
            if channel == kpis.CHANNEL:
                self._expect_change("kpis")
                self._feed.expect_kpi(payload)
        return bool(found)
