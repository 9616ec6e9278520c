"""Tells whether rules or the registry have changed."""

from __future__ import annotations

import contextlib
import logging
import weakref
from typing import TYPE_CHECKING

from parkpulse.errors import StoreError
from parkpulse.store import pool

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection, Database

_log = logging.getLogger(__name__)


class Changes:
    """Listens on a connection of its own and never waits.

    Parameters
    ----------
    database
        Whose notifications are heard.
    channel
        Name of the notification.
    """

    def __init__(self, database: Database, channel: str) -> None:
        self._database = database
        self._channel = channel
        self._stack = contextlib.ExitStack()
        self._listening: Connection | None = None
        # Who listens may be forgotten in a cycle: the connection closes all the same.
        weakref.finalize(self, _close, self._stack)

    def have_come(self) -> bool:
        """Whether there was a change since the last call, or may have been."""
        try:
            if self._listening is None:
                return self._listen()
            return self._drain(self._listening)
        except StoreError as error:
            _log.warning("not listening for changes: %s", error)
            self.close()
            return False

    def _listen(self) -> bool:
        self._listening = self._stack.enter_context(
            self._database.listen(self._channel)
        )
        return True

    def _drain(self, connection: Connection) -> bool:
        found = False
        while pool.wait_for_notification(connection, 0.0):
            found = True
        return found

    def close(self) -> None:
        """Stop listening until the next call."""
        self._listening = None
        _close(self._stack)


def _close(stack: contextlib.ExitStack) -> None:
    with contextlib.suppress(StoreError):
        stack.close()
