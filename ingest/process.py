"""An ingest process: receiver, worker and the watch over the registry, put together."""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.arrivals import Inbox
from ingest.receiver import MqttReceiver, Role, forget_session
from ingest.registrar import Registrar
from ingest.replies import Replier
from ingest.worker import Worker
from parkpulse import bus
from parkpulse.errors import StoreUnavailableError
from parkpulse.store import pool, wire_states, workers
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from uuid import UUID

    from parkpulse.store.disk import Guard

QUIET_S = 5.0
"""After so long without a message a retiring worker has got all. [s]"""
_QUIET_TICK_S = 0.2
_RETRY_S = 2.0
_IDLE_S = 30
"""A worker that is stopped amid a transaction keeps no others waiting. [s]"""
_log = logging.getLogger(__name__)


def name(number: int) -> str:
    """Name of a worker as a writer."""
    return f"ingest-{number}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What an ingest process works with.

    Parameters
    ----------
    database_url, mqtt_url
        Where they are.
    number
        Number of the worker, from 1.
    role
        Which messages it shall get.
    retention_s
        How long single readings are kept. [s]
    guard
        Watches the database's disk; None: nobody does.
    workers
        How many workers there are in all, as far as this one is told.
    """

    database_url: str
    mqtt_url: str
    number: int
    role: Role
    retention_s: float
    guard: Guard | None = None
    workers: int | None = None


def run(configuration: Configuration, stop: threading.Event) -> None:
    """Receive and commit until told to stop.

    Waits for the database, and for the broker, as long as it takes. A retiring worker
    ends by itself when the broker holds nothing more for it, and is forgotten there.

    Raises
    ------
    ConfigError
        An address is unusable, or another process has become this worker.
    """
    address = bus.address(configuration.mqtt_url)
    writer = name(configuration.number)
    run_id = uuid.uuid4()
    database = _opened(configuration, run_id, stop)
    if database is None:
        return
    inbox = Inbox()
    registrar = Registrar(database)
    replier = Replier(configuration.mqtt_url)
    receiver = MqttReceiver(address, configuration.number, configuration.role, inbox)
    worker = Worker(
        database,
        inbox,
        receiver,
        registrar,
        writer,
        run_id,
        configuration.retention_s,
        stop,
        replier,
        configuration.guard,
    )
    _remember(database, registrar)
    threads = [threading.Thread(target=registrar.watch, args=(stop,), name="registry")]
    if configuration.role is Role.RETIRING:
        threads.append(threading.Thread(target=_end_when_quiet, args=(receiver, stop)))
    for thread in threads:
        thread.start()
    receiver.start()
    _log.info("ingest runs worker=%s role=%s", writer, configuration.role.name)
    try:
        worker.run()
    finally:
        stop.set()
        receiver.close()
        replier.close()
        for thread in threads:
            thread.join()
        database.close()
        _log.info("ingest ended worker=%s", writer)
    if configuration.role is Role.RETIRING and not len(inbox):
        _forget(configuration, writer)


def _forget(configuration: Configuration, writer: str) -> None:
    """Let broker and database know nothing more of a worker that has retired."""
    forget_session(bus.address(configuration.mqtt_url), configuration.number)
    with pool.connect(configuration.database_url) as connection:
        workers.forget(connection, writer)


def _remember(database: Database, registrar: Registrar) -> None:
    """Take up what decoders remembered when the process before ended."""
    with database.transaction() as connection:
        states = wire_states.load(connection)
    registrar.reader.restore(states)


def _end_when_quiet(receiver: MqttReceiver, stop: threading.Event) -> None:
    while not stop.wait(_QUIET_TICK_S):
        if receiver.quiet_s > QUIET_S:
            stop.set()


def _opened(
    configuration: Configuration, run_id: UUID, stop: threading.Event
) -> Database | None:
    """Open the database as this worker; None if told to stop before it was there."""
    url, writer = configuration.database_url, name(configuration.number)
    while not stop.is_set():
        database = Database(url, name=f"parkpulse {writer}", idle_s=_IDLE_S)
        try:
            database.open()
            with database.transaction() as connection:
                workers.start(connection, writer, run_id, configuration.workers)
        except StoreUnavailableError as error:
            database.close()
            reason = " ".join(str(error).split())
            _log.warning("database away retry_in_s=%.1f: %s", _RETRY_S, reason)
            stop.wait(_RETRY_S)
        else:
            return database
    return None
