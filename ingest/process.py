"""An ingest process: receiver, worker and the watch over the registry, put together."""

from __future__ import annotations

import logging
import threading
import uuid
from typing import TYPE_CHECKING

from ingest.arrivals import Inbox
from ingest.receiver import MqttReceiver
from ingest.registrar import Registrar
from ingest.worker import Worker
from parkpulse import bus
from parkpulse.errors import StoreUnavailableError
from parkpulse.store import workers
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from uuid import UUID

_RETRY_S = 2.0
_log = logging.getLogger(__name__)


def name(number: int) -> str:
    """Name of a worker as a writer."""
    return f"ingest-{number}"


def run(
    database_url: str,
    mqtt_url: str,
    number: int,
    retention_s: float,
    stop: threading.Event,
) -> None:
    """Receive and commit until told to stop.

    Waits for the database, and for the broker, as long as it takes.

    Parameters
    ----------
    database_url, mqtt_url
        Where they are.
    number
        Number of the worker, from 1.
    retention_s
        How long single readings are kept. [s]
    stop
        Set when the process shall end.

    Raises
    ------
    ConfigError
        An address is unusable, or another process has become this worker.
    """
    address = bus.address(mqtt_url)
    run_id = uuid.uuid4()
    database = _opened(database_url, number, run_id, stop)
    if database is None:
        return
    inbox = Inbox()
    registrar = Registrar(database)
    watch = threading.Thread(target=registrar.watch, args=(stop,), name="registry")
    receiver = MqttReceiver(address, number, inbox)
    worker = Worker(
        database, inbox, receiver, registrar, name(number), run_id, retention_s, stop
    )
    watch.start()
    receiver.start()
    _log.info("ingest runs worker=%s", name(number))
    try:
        worker.run()
    finally:
        stop.set()
        receiver.close()
        watch.join()
        database.close()
        _log.info("ingest ended worker=%s", name(number))


def _opened(
    url: str, number: int, run_id: UUID, stop: threading.Event
) -> Database | None:
    """Open the database as this worker; None if told to stop before it was there."""
    while not stop.is_set():
        database = Database(url, name=f"parkpulse {name(number)}")
        try:
            database.open()
            with database.transaction() as connection:
                workers.start(connection, name(number), run_id)
        except StoreUnavailableError as error:
            database.close()
            reason = " ".join(str(error).split())
            _log.warning("database away retry_in_s=%.1f: %s", _RETRY_S, reason)
            stop.wait(_RETRY_S)
        else:
            return database
    return None
