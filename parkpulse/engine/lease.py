"""Holds this process's share of the slots and gives it up when it must."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from parkpulse.errors import StoreError
from parkpulse.model.registry import SLOTS
from parkpulse.store import engine as store

if TYPE_CHECKING:
    import threading

    from parkpulse.store.pool import Connection, Database

TTL_S = 6.0
"""A dead process's slots are free after this time. [s]"""
_log = logging.getLogger(__name__)


def fair_share(processes: int) -> int:
    """How many slots one of several processes may hold."""
    return -(-SLOTS // processes)


class LeaseKeeper:
    """Keeps slots by saying that the process lives; takes its share, gives the rest.

    Parameters
    ----------
    database
        Where the leases are.
    owner
        Name of this process, unique among all engines.
    ttl_s
        How long this process counts as alive without a word from it. [s]
    """

    def __init__(self, database: Database, owner: str, *, ttl_s: float = TTL_S) -> None:
        self.owner = owner
        self._database = database
        self._ttl_s = ttl_s
        self._held: frozenset[int] = frozenset()

    @property
    def held(self) -> frozenset[int]:
        """Slots that this process works on, as of the last renewal."""
        return self._held

    def renew(self) -> None:
        """Renew once: keep, give back or take so that each process has its share."""
        with self._database.transaction() as conn:
            share = fair_share(store.report_alive(conn, self.owner, self._ttl_s))
            held = self._balance(conn, store.held(conn, self.owner), share)
        self._held = held

    def _balance(
        self, conn: Connection, held: frozenset[int], share: int
    ) -> frozenset[int]:
        if len(held) > share:
            return held - store.release(conn, self.owner, sorted(held)[share:])
        if len(held) < share:
            return held | store.take(conn, self.owner, share - len(held))
        return held

    def run(self, stop: threading.Event) -> None:
        """Renew several times per lease until told to stop, then give all back."""
        while not stop.wait(self._ttl_s / 3):
            try:
                self.renew()
            except StoreError as error:
                _log.warning("leases not renewed: %s", error)
        self.depart()

    def depart(self) -> None:
        """Give everything back, so that others need not wait for the lease to end."""
        self._held = frozenset()
        try:
            with self._database.transaction() as conn:
                store.depart(conn, self.owner)
        except StoreError as error:
            _log.warning("leases not given back: %s", error)
