"""What is registered, read once for all consumers of a process and when it changes."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING

from parkpulse.engine.alerts_changes import Changes
from parkpulse.store import rules, surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.packed import Int32Array
    from parkpulse.store.pool import Connection, Database
    from parkpulse.store.surroundings import Surroundings

QUICK_S = 0.1
"""A load that takes less of the processor may follow any change at once. [s]"""
PATIENCE = 20
"""After others changes are gathered for so many times as long."""


class Registered:
    """Reads the series of some slots, for whoever asks first after a change.

    Parameters
    ----------
    database
        To hear of changes of rules and of the registry.
    """

    def __init__(self, database: Database) -> None:
        self._changes = Changes(database, rules.CHANNEL)
        self._hearing = threading.Lock()
        self._loading = threading.Lock()
        self._version = 0
        self._next = 0.0
        self._known = surroundings.NOTHING
        self._known_as: tuple[int, tuple[int, ...]] | None = None

    def version(self) -> int:
        """Return a number that has grown if there may have been changes."""
        with self._hearing:
            if time.monotonic() >= self._next and self._changes.have_come():
                self._version += 1
            return self._version

    def series(self, conn: Connection, slots: Sequence[int]) -> Surroundings:
        """Return the series of slots, at least as new as the last `version`."""
        with self._loading:
            wanted = self._version, tuple(slots)
            if wanted != self._known_as:
                began = time.thread_time()
                self._known = surroundings.load(conn, slots)
                self._known_as = wanted
                self._be_patient(time.thread_time() - began)
            return self._known

    def _be_patient(self, took_s: float) -> None:
        if took_s >= QUICK_S:
            self._next = time.monotonic() + PATIENCE * took_s

    def holding(
        self, conn: Connection, slots: Sequence[int], series: Int32Array
    ) -> Surroundings:
        """Return the series of slots, read again if some of these are not known."""
        known = self.series(conn, slots)
        if known.has_all(series):
            return known
        with self._loading:
            self._known_as = None
        return self.series(conn, slots)


class News:
    """Tells one listener whether there were changes since it asked last.

    Parameters
    ----------
    registered
        What is listened to.
    """

    def __init__(self, registered: Registered) -> None:
        self._registered = registered
        self._seen = -1

    def have_come(self) -> bool:
        """Whether there was a change since the last call, or may have been."""
        before, self._seen = self._seen, self._registered.version()
        return before != self._seen


_of: weakref.WeakValueDictionary[int, Registered] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def of(database: Database) -> Registered:
    """Return what all users of a database in this process share."""
    with _lock:
        found = _of.get(id(database))
        if found is None:
            # It holds the database, so no other one gets this number meanwhile.
            found = _of[id(database)] = Registered(database)
        return found
