"""The directory of this process: kept up to date, and added to as devices turn up."""

from __future__ import annotations

import gc
import logging
import threading
import time
from typing import TYPE_CHECKING

from ingest import pipeline
from ingest.formats import Reader
from parkpulse.errors import StoreError
from parkpulse.model.directory import Directory
from parkpulse.store import directory, pool, receipts, registry, registry_news
from parkpulse.store.receipts import Receipt

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ingest.arrivals import Arrival
    from ingest.pipeline import Letter
    from ingest.topics import Address
    from parkpulse.store.pool import Connection, Database

MOST_DISCOVERED_AN_HOUR = 1000
"""So many devices of a park that nobody described are registered in an hour."""
_RELOAD_PAUSE_S = 1.0
_FULL_PAUSE_S = 60.0
_LISTEN_S = 5.0
_log = logging.getLogger(__name__)


class Registrar:
    """Knows all parks, devices and series; registers devices that turn up.

    Parameters
    ----------
    database
        Where the registry is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_stale = threading.Event()
        self._is_stale.set()
        self._next_load = 0.0
        self._full_until: dict[int, float] = {}
        self._clocks: dict[int, int] = {}
        self.directory = Directory()
        self.reader = Reader()

    def forget(self) -> None:
        """Load everything anew before the next batch."""
        self._is_stale.set()
        self._next_load = 0.0

    def refresh(self) -> None:
        """Load the directory if the registry has changed, but not all the time."""
        now = time.monotonic()
        if not self._is_stale.is_set() or now < self._next_load:
            return
        self._is_stale.clear()
        try:
            with self._database.transaction() as connection:
                self.directory = directory.load(connection)
            # What lives so long must not be looked through at every collection.
            gc.freeze()
        except StoreError:
            self._is_stale.set()
            raise
        self.note_clocks(
            {
                park.id: park.data_now_us
                for park in self.directory.parks.values()
                if park.clock == "data" and park.data_now_us is not None
            }
        )
        took = time.monotonic() - now
        self._next_load = now + max(_RELOAD_PAUSE_S, 10 * took)

    def clocks(self) -> dict[int, int]:
        """Newest known sent time of the parks whose clock is their data. [us]."""
        return dict(self._clocks)

    def note_clocks(self, clocks: Mapping[int, int]) -> None:
        """Take into account how far a committed batch has moved the data clocks."""
        for park_id, moment in clocks.items():
            self._clocks[park_id] = max(moment, self._clocks.get(park_id, moment))

    def watch(self, stop: threading.Event) -> None:
        """Learn of changes of the registry until told to stop; for a thread."""
        while not stop.is_set():
            try:
                with self._database.listen(registry_news.CHANNEL) as connection:
                    self._is_stale.set()  # something may have changed before
                    self._listen(connection, stop)
            except StoreError as error:
                _log.debug("not listening: %s", error)
                stop.wait(_LISTEN_S)

    def _listen(self, connection: Connection, stop: threading.Event) -> None:
        while not stop.is_set():
            if pool.wait_for_notification(connection, _RELOAD_PAUSE_S):
                self._is_stale.set()

    def read(self, arrivals: Sequence[Arrival]) -> list[Letter]:
        """Read messages; a park that was registered just now is known."""
        self.refresh()
        unknown = pipeline.unknown_parks(arrivals, self.directory)
        if unknown and self._are_registered(unknown):
            self.forget()
            self.refresh()
        return pipeline.read(arrivals, self.directory, self.reader)

    def _are_registered(self, parks: Collection[str]) -> bool:
        with self._database.transaction() as connection:
            return directory.are_registered(connection, sorted(parks))

    def complete(self, letters: Sequence[Letter]) -> dict[int, int]:
        """Register what messages report; return the receipts of untimed ones by index.

        In a transaction of its own: what is registered stays, whatever becomes of the
        batch.
        """
        missing = pipeline.missing(letters, self.directory)
        wanted = {
            address: metrics
            for address, metrics in missing.items()
            if not self._is_full(address)
        }
        if wanted:
            with self._database.transaction() as connection:
                self._register(connection, wanted)
        pipeline.resolve(letters, self.directory)
        return self._receipts(letters)

    def _is_full(self, address: Address) -> bool:
        if self.directory.device(address.park, address.device) is not None:
            return False
        park = self.directory.parks[address.park]
        return time.monotonic() < self._full_until.get(park.id, 0.0)

    def _register(
        self, connection: Connection, wanted: Mapping[Address, set[str]]
    ) -> None:
        ids: dict[Address, int] = {}
        for code in sorted({address.park for address in wanted}):
            park = self.directory.parks[code]
            codes = [address.device for address in wanted if address.park == code]
            found = registry.discover(
                connection, park.id, codes, MOST_DISCOVERED_AN_HOUR
            )
            if len(found) < len(codes):
                self._full_until[park.id] = time.monotonic() + _FULL_PAUSE_S
                _log.warning("too many new devices park=%s", code)
            ids |= {
                address: found[address.device]
                for address in wanted
                if address.park == code and address.device in found
            }
        registry.add_series(
            connection,
            (
                (device_id, metric)
                for address, device_id in ids.items()
                for metric in wanted[address]
            ),
        )
        directory.add_devices(connection, self.directory, sorted(ids.values()))

    def _receipts(self, letters: Sequence[Letter]) -> dict[int, int]:
        untimed = pipeline.untimed(letters)
        if not untimed:
            return {}
        wanted = [
            Receipt(
                device.id,
                pipeline.fingerprint(letters[index].arrival.payload),
                letters[index].arrival.received_us,
            )
            for index, device in untimed.items()
        ]
        with self._database.transaction() as connection:
            first = receipts.claim(connection, wanted)
            receipts.prune(connection)
        return dict(zip(untimed, first, strict=True))
