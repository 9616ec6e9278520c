"""Keeps Mosquitto's files as the database says, and has the broker read them at once.

On SIGHUP Mosquitto 2.0 reads both files anew and disconnects whoever they do not admit
any more. But it also takes the rights from sessions that it has read from its disk and
that have not come back yet (tried with 2.0.21): what is published after that is not
kept for them. So while a receiver of ours is in that state, SIGHUP is not sent.
"""

from __future__ import annotations

import enum
import logging
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from parkpulse.errors import ConfigError, StoreError
from parkpulse.services.access import files
from parkpulse.store import credentials, pool, registry_news, workers

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from parkpulse.store.pool import Connection, Database
    from parkpulse.store.workers import Worker
    from parkpulse.tls import Pair

_log = logging.getLogger(__name__)

_TICK_S = 1.0
_RETRY_S = 1.0
_LOOK_ANEW_S = 60.0
_BACK_WITHIN_S = 10.0
"""How long receivers may take to come back. [s]"""
_POLL_S = 0.2
_PROGRAM = "mosquitto"


class Otherwise(enum.Enum):
    """What is done when a receiver does not come back in time."""

    RESTART = "restart"
    """SIGTERM: it saves its sessions, and somebody starts it again."""
    RELOAD = "reload"
    """SIGHUP after all: that a credential is out weighs more."""


class Broker:
    """A running Mosquitto of this machine.

    Parameters
    ----------
    pid_file
        Where it writes its process id.
    otherwise
        What to do while a receiver is away.
    """

    def __init__(self, pid_file: Path, otherwise: Otherwise) -> None:
        self._pid_file = pid_file
        self._otherwise = otherwise

    def started(self) -> tuple[int, datetime] | None:
        """Process id and time of its start; None while it does not run."""
        try:
            pid = int(self._pid_file.read_text())
            program = Path(f"/proc/{pid}/comm").read_text().strip()
            at = datetime.fromtimestamp(self._pid_file.stat().st_mtime, UTC)
        except (OSError, ValueError):
            return None
        # A killed broker leaves its file, and the number may be another program's.
        return (pid, at) if program == _PROGRAM else None

    def tell(self, database: Database, stop: threading.Event) -> bool:
        """Have it read its files now; whether that is done.

        One that does not run reads them at its start.

        Raises
        ------
        StoreError
            It cannot be told who receives.
        """
        deadline = time.monotonic() + _BACK_WITHIN_S
        while (found := self.started()) is not None:
            pid, at = found
            with database.transaction() as conn:
                away = missing(workers.workers(conn), at)
            if not away:
                _signal(pid, signal.SIGHUP)
                return True
            if time.monotonic() > deadline:
                self._force(pid, away)
                return True
            if stop.wait(_POLL_S):
                return False
        return True

    def _force(self, pid: int, away: Sequence[str]) -> None:
        names = ", ".join(away)
        if self._otherwise is Otherwise.RESTART:
            _log.warning("the broker is restarted, for %s is away", names)
            _signal(pid, signal.SIGTERM)
        else:
            _log.warning("what comes for %s may be lost until it is back", names)
            _signal(pid, signal.SIGHUP)


def missing(known: Sequence[Worker], since: datetime) -> list[str]:
    """Name the receivers that have not been connected since the broker's start."""
    back = {each.writer for each in known if each.is_connected and each.seen_at > since}
    return [each.writer for each in known if each.writer not in back]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        _log.info("the broker has ended")


class Follower:
    """Writes the files whenever a credential or a device's id changes.

    Parameters
    ----------
    database
        Holds the credentials.
    folder
        Gets the files.
    broker
        Is told; None: nobody is.
    pair
        The broker's certificate and key, taken anew when they were renewed; None: none.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        broker: Broker | None,
        pair: Pair | None = None,
    ) -> None:
        self._database = database
        self._folder = folder
        self._broker = broker
        self._pair = pair

    def run(self, stop: threading.Event) -> None:
        """Follow until stopped; goes on when the database comes back."""
        while not stop.is_set():
            try:
                with self._database.listen(
                    credentials.CHANNEL, registry_news.CHANNEL
                ) as listening:
                    self._follow(listening, stop)
            except StoreError as error:
                _log.warning("credentials are not followed: %s", error)
                stop.wait(_RETRY_S)

    def _follow(self, listening: Connection, stop: threading.Event) -> None:
        while not stop.is_set():
            again_at = time.monotonic() + self.renew(stop)
            while not stop.is_set() and (left := again_at - time.monotonic()) > 0:
                if pool.wait_for_notification(listening, min(left, _TICK_S)):
                    break

    def _tell(self, broker: Broker, stop: threading.Event) -> None:
        if broker.tell(self._database, stop):
            files.told(self._folder)

    def _take(self) -> None:
        """Take the certificate up; one that does not fit yet must not stop the rest."""
        try:
            if self._pair is not None:
                files.take(self._folder, self._pair)
        except ConfigError as error:
            _log.warning("the broker's former certificate goes on: %s", error)

    def renew(self, stop: threading.Event) -> float:
        """Write what is in force, tell the broker; return when to look again. [s].

        Raises
        ------
        ServiceError
            The folder cannot be written to.
        StoreError
            The database does not answer.
        """
        with self._database.transaction() as conn:
            active = credentials.active(conn)
            left = credentials.next_end_s(conn)
        self._take()
        if files.write(self._folder, active):
            _log.info("%d credentials are in force", len(active))
        broker = self._broker
        if broker is not None and files.is_pending(self._folder):
            self._tell(broker, stop)
        return _LOOK_ANEW_S if left is None else min(max(left, 0.0), _LOOK_ANEW_S)
